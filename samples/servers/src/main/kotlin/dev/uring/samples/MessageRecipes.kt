package dev.uring.samples

import dev.uring.dsl.uring
import dev.uring.message.EngineConfig
import dev.uring.message.Group
import dev.uring.message.MessageEngine
import dev.uring.message.Reconnect
import dev.uring.message.Services
import dev.uring.message.accept
import dev.uring.message.bye
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.connect
import dev.uring.message.engine
import dev.uring.message.group
import dev.uring.message.listen
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import samples.message.Chat
import samples.message.CountingService
import samples.message.EventBus
import samples.message.connectPatiently
import samples.message.echo
import samples.message.echoClient
import samples.message.farm
import samples.message.hearOfReconnecting
import samples.message.illegalMessages
import samples.message.multiHomed
import samples.message.receiveFile
import samples.message.sendFile
import samples.message.stayConnected
import java.nio.file.Files
import java.nio.file.Path

/**
 * The recipes of uring-message, each with all of its peers in this process: the arguments say which, none says all. Each
 * prints what came of it.
 */
suspend fun main(args: Array<String>) {
    val folder = Files.createTempDirectory("recipes")
    for (name in args.ifEmpty { RECIPES.keys.toTypedArray() }) {
        val recipe = requireNotNull(RECIPES[name]) { "there is no recipe \"$name\"; there are ${RECIPES.keys}" }
        // An engine that opens channels again leaves alone those that end with a bye, as all of these do but one.
        val config = if (name == "reconnect-by-library") EngineConfig(reconnect = Reconnect()) else EngineConfig()
        uring { engine(config) { println("$name: ${recipe(folder.resolve(name))}") } }
    }
    Files.walk(folder).use { it.sorted(Comparator.reverseOrder()).forEach(Files::delete) }
}

private val RECIPES: Map<String, suspend MessageEngine.(Path) -> String> =
    linkedMapOf(
        "echo" to { _ -> echoed() },
        "request-response" to { _ -> manyRequests() },
        "multi-homed" to { path -> countedAtAllAddresses(path) },
        "reconnect-by-hand" to { path -> connectedLate(path) },
        "reconnect-at-end" to { _ -> connectedAgain() },
        "reconnect-by-library" to { path -> keptChannel(path) },
        "illegal-messages" to { _ -> group { illegalMessages().joinToString() } },
        "file" to { path -> fileInParts(path) },
        "chat" to { _ -> chat() },
        "event-bus" to { _ -> eventBus() },
        "farm" to { _ -> farm() },
    )

private suspend fun MessageEngine.echoed(): String = echoing { address -> echoClient(address) }

/** Many requests at once, each with its own response. */
private suspend fun MessageEngine.manyRequests(): String =
    echoing { address ->
        group {
            val channel = connect(address)
            val answers = coroutineScope { List(REQUESTS) { async { ask(channel, "$it").toInt() } }.awaitAll() }
            bye(channel)
            "${answers.size} answers, ${answers.sum()} in all"
        }
    }

private suspend fun MessageEngine.countedAtAllAddresses(path: Path): String =
    coroutineScope {
        val bound = CompletableDeferred<List<String>>()
        val service = CountingService { listening -> bound.complete(listening.map { "${it.address}" }) }
        val server = launch { multiHomed(service, "$path") }
        group {
            val channels = bound.await().map { connect(it) }
            val counts = channels.map { ask(it, "one") }
            ask(channels.last(), "stop")
            server.join()
            "${channels.size} addresses, counted $counts"
        }
    }

private suspend fun MessageEngine.connectedLate(path: Path): String =
    coroutineScope {
        val connected = async { group { connectPatiently("uds|$path", TRIES) } }
        group {
            listen("uds|$path")
            accept(receive())
            if (connected.await() == Message.CHANNEL_NONE) "not connected" else "connected to a server that came late"
        }
    }

private suspend fun MessageEngine.connectedAgain(): String =
    coroutineScope {
        val server = create()
        val address = "${server.listen("tcp|127.0.0.1|0").address}"
        var connects = 0
        val client = launch { group { stayConnected(address) { ++connects < ROUNDS } } }
        repeat(ROUNDS) { round ->
            var hello = server.receive()
            while (hello.isFromEngine) hello = server.receive()
            val channel = hello.channel()
            server.accept(hello)
            if (round < ROUNDS - 1) {
                server.send(server.message().operation(MessageOperation.BYE_SIGNAL).channel(channel))
            }
        }
        client.join()
        "connected $connects times"
    }

private suspend fun MessageEngine.keptChannel(path: Path): String =
    coroutineScope {
        val first = create().also { it.listen("uds|$path") }
        val client = create()
        val connecting = async { client.connect("uds|$path") }
        first.accept(first.receive())
        val channel = connecting.await()
        destroy(first).await()
        val heard = ArrayList<String>()
        val hearing = launch { client.hearOfReconnecting { heard.add(it) && it != "back" } }
        client.send(client.signal(channel, "sent while the server was away"))
        group {
            listen("uds|$path")
            accept(receive())
            val text = receive().body().toUtf8()
            hearing.join()
            "$heard, received: $text"
        }
    }

private suspend fun MessageEngine.fileInParts(path: Path): String =
    coroutineScope {
        Files.write(path, ByteArray(FILE_BYTES) { it.toByte() })
        val server = create()
        val address = "${server.listen("tcp|127.0.0.1|0").address}"
        val sending = launch { group { sendFile(connect(address), path) } }
        val (name, bytes) = server.receiveFile()
        sending.join()
        "$name has ${bytes.size} bytes"
    }

private suspend fun MessageEngine.chat(): String =
    served(Chat()) { address ->
        val ann = create()
        val bob = create()
        val channel = ann.connect(address) { it.headers().append("name", "Ann") }
        bob.connect(address) { it.headers().append("name", "Bob") }
        ann.send(ann.signal(channel, "hello"))
        bob.receive().body().toUtf8()
    }

private suspend fun MessageEngine.eventBus(): String =
    served(EventBus()) { address ->
        val reader = create()
        val subscription = reader.request(reader.connect(address), "").also { it.headers().append("topic", "news") }
        reader.request(subscription).release()
        val publisher = create()
        val channel = publisher.connect(address)
        for (topic in listOf("sport", "news")) {
            publisher.send(publisher.signal(channel, "of $topic").also { it.headers().append("topic", topic) })
        }
        reader.receive().body().toUtf8()
    }

private suspend fun MessageEngine.farm(): String =
    echoing { address ->
        group {
            val results = farm(List(WORKERS) { connect(address) }, List(TASKS) { "task $it" })
            "${results.size} tasks done"
        }
    }

// An echo server for as long as a block talks to it.
private suspend fun MessageEngine.echoing(block: suspend (address: String) -> String): String =
    coroutineScope {
        val bound = CompletableDeferred<String>()
        val server = launch { group { echo(listen("tcp|127.0.0.1|0")) { bound.complete("${it.address}") } } }
        block(bound.await()).also { server.cancelAndJoin() }
    }

private suspend fun MessageEngine.served(
    service: Services,
    block: suspend (address: String) -> String,
): String =
    coroutineScope {
        val server = create()
        val address = "${server.listen("tcp|127.0.0.1|0").address}"
        val loop = launch { for (message in server.incoming) service.onMessage(server, message) }
        block(address).also {
            // Before the end: what tells of peers that part is not passed on to the others then.
            loop.cancelAndJoin()
            server.close()
        }
    }

private suspend fun Group.ask(
    channel: Int,
    body: String,
): String {
    val answer = request(request(channel, body))
    return answer.body().toUtf8().also { answer.release() }
}

private fun Group.request(
    channel: Int,
    body: String,
): Message = message().operation(MessageOperation.REQUEST).channel(channel).also { it.body().appendUtf8(body) }

private fun Group.signal(
    channel: Int,
    body: String,
): Message = message().operation(MessageOperation.SIGNAL).channel(channel).also { it.body().appendUtf8(body) }

private const val REQUESTS = 100
private const val TRIES = 20
private const val ROUNDS = 3
private const val FILE_BYTES = 1 shl 20
private const val WORKERS = 3
private const val TASKS = 30
