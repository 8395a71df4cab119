package dev.uring.bench.message

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.dsl.dispatcher
import dev.uring.message.Group
import dev.uring.message.MessageEngine
import dev.uring.message.accept
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageRole
import dev.uring.message.connect
import dev.uring.message.listen
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import java.nio.file.Path

/** Ours: one worker with both groups, a coroutine for each channel that sends, and every setting as it comes. */
class UringMessages(
    private val directory: Path,
) : MessageEnds {
    private val runtime = UringRuntime.start(RuntimeConfig.builder().workersCount(1).build())
    private val engine = MessageEngine(runtime)
    private val links = HashMap<Pair<Boolean, Int>, Link>()
    private var load: MessageLoad? = null

    override val settings =
        "one worker for both ends, a coroutine for each sender, messages copied at both ends, driver ${runtime.driverName()}"

    private class Link(
        val client: Group,
        val channels: List<Int>,
    )

    override fun run(load: MessageLoad) {
        runBlocking(runtime.worker(0).dispatcher) {
            this@UringMessages.load = load
            val key = load.workload.isUnix to load.workload.channels
            val link = links[key] ?: open(load.workload).also { links[key] = it }
            link.channels
                .map { launch { if (load.isRoundTrip) ask(link.client, it, load) else stream(link.client, it, load) } }
                .joinAll()
        }
        load.awaitArrivals()
    }

    // Stays for the rounds to come, and so do its coroutines.
    private suspend fun open(workload: MessageWorkload): Link {
        val server = engine.create()
        val client = engine.create()
        val file = directory.resolve("uring-${workload.channels}")
        val bound = server.listen(if (workload.isUnix) "uds|$file" else "tcp|127.0.0.1|0").address.toString()
        CoroutineScope(runtime.worker(0).dispatcher).launch { serve(server) }
        return Link(client, List(workload.channels) { client.connect(bound) })
    }

    private suspend fun serve(server: Group) {
        for (message in server.incoming) {
            if (message.isFromEngine) {
                load?.fail("$message")
                message.release()
            } else if (message.operation() == MessageOperation.HELLO_REQUEST) {
                server.accept(message)
            } else {
                take(server, message)
            }
        }
    }

    private suspend fun take(
        server: Group,
        message: Message,
    ) {
        val present = checkNotNull(load)
        look(message, present)
        if (message.role() == MessageRole.REQUEST) {
            message.toResponse().body().append(present.body)
            server.send(message)
        } else {
            message.release()
            present.arrived()
        }
    }

    private fun look(
        message: Message,
        present: MessageLoad,
    ) {
        val size = message.body().size()
        present.check(size, if (size == 0) 0 else message.body().get(size - 1))
    }

    private suspend fun ask(
        client: Group,
        channel: Int,
        load: MessageLoad,
    ) {
        var began = System.nanoTime()
        while (!load.isOver) {
            val request = client.message().operation(MessageOperation.REQUEST).channel(channel)
            request.body().append(load.body)
            load.sending()
            val response = client.request(request)
            look(response, load)
            if (response.isFromEngine) load.fail("$response")
            response.release()
            began = load.returned(began)
        }
    }

    private suspend fun stream(
        client: Group,
        channel: Int,
        load: MessageLoad,
    ) {
        while (!load.isOver) {
            val message = client.message().operation(MessageOperation.SIGNAL).channel(channel)
            message.body().append(load.body)
            load.sending()
            client.send(message)
        }
    }
}
