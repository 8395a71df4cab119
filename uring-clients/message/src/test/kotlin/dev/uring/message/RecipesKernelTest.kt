package dev.uring.message

import dev.uring.message.codec.InvalidMessageException
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.message.codec.PoolStrategy
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import samples.message.Chat
import samples.message.CountingService
import samples.message.EventBus
import samples.message.connectPatiently
import samples.message.echo
import samples.message.echoClient
import samples.message.farm
import samples.message.illegalMessages
import samples.message.multiHomed
import samples.message.receiveFile
import samples.message.sendFile
import samples.message.stayConnected
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/** The samples, run. */
class RecipesKernelTest :
    FunSpec({
        needsKernel()

        test("echo: a request comes back, and both sides part in order") {
            withEngine {
                val listening = CompletableDeferred<String>()
                coroutineScope {
                    val server =
                        launch {
                            engine.group {
                                echo(
                                    listen("tcp|127.0.0.1|0"),
                                ) { listening.complete("${it.address}") }
                            }
                        }
                    engine.echoClient(listening.await()) shouldBe "hello"
                    server.cancelAndJoin()
                }
            }
        }

        test("a multi-homed service counts for peers of all its addresses, and ends when it says so") {
            val path = tempdir().resolve("s").path
            withEngine {
                val bound = CompletableDeferred<List<Listening>>()
                coroutineScope {
                    val server = launch { engine.multiHomed(CountingService { bound.complete(it) }, path) }
                    val client = engine.create()
                    val channels = bound.await().map { client.connect("${it.address}") }
                    repeat(3) { round ->
                        for (channel in channels) ask(client, channel, "x") shouldBe "${round + 1}"
                    }
                    client.bye(channels.first())
                    ask(client, channels.last(), "stop") shouldBe "4"
                    server.join()
                }
            }
        }

        test("reconnecting by hand waits for a server that comes late") {
            withEngine {
                val path = tempdir().resolve("late").path
                coroutineScope {
                    val client = engine.create()
                    val connected =
                        launch { check(client.connectPatiently("uds|$path", 1_000) != Message.CHANNEL_NONE) }
                    val server = engine.create()
                    server.listen("uds|$path")
                    server.accept(server.next())
                    connected.join()
                }
            }
        }

        test("reconnecting at the end of the channel") {
            withEngine {
                val server = engine.create()
                val address = "${server.listen("tcp|127.0.0.1|0").address}"
                coroutineScope {
                    val client = engine.create()
                    var connects = 0
                    val staying = launch { client.stayConnected(address) { ++connects < 4 } }
                    var hello = server.next()
                    repeat(3) {
                        val channel = hello.channel()
                        server.accept(hello)
                        server.send(server.message().operation(MessageOperation.BYE_SIGNAL).channel(channel))
                        // The client may be back before its old channel has ended here.
                        val next = List(2) { server.next() }
                        next.count { it.isEndOfChannel && it.channel() == channel } shouldBe 1
                        hello = next.single { it.operation() == MessageOperation.HELLO_REQUEST }
                    }
                    server.accept(hello)
                    staying.join()
                    connects shouldBe 4
                }
            }
        }

        test("illegal messages name what is wrong") {
            withEngine {
                engine.create().illegalMessages() shouldBe
                    listOf(
                        MessageStatus.INVALID_MESSAGE_MODE,
                        MessageStatus.INVALID_CHANNEL_NUMBER,
                        MessageStatus.WRONG_CONFIGURATION,
                        MessageStatus.INVALID_MESSAGE_ID,
                    )
            }
        }

        test("a file of a megabyte arrives whole, in parts") {
            val file = tempdir().resolve("file").toPath()
            val bytes = Random(1).nextBytes(1 shl 20)
            java.nio.file.Files
                .write(file, bytes)
            withEngine {
                val server = engine.create()
                val address = "${server.listen("tcp|127.0.0.1|0").address}"
                coroutineScope {
                    launch {
                        val client = engine.create()
                        client.sendFile(client.connect(address), file)
                    }
                    val (name, got) = server.receiveFile()
                    name shouldBe "file"
                    check(got.contentEquals(bytes))
                }
            }
        }

        test("parts beyond the limit are refused, and nothing of them is kept") {
            val joiner = MessageJoiner(bytesMax = 100, messagesMax = 1)

            fun part(
                id: Long,
                bytes: Int,
            ) = Message()
                .operation(
                    MessageOperation.SIGNAL,
                ).channel(1)
                .id(id)
                .more(true)
                .also { it.body().append(ByteArray(bytes)) }
            joiner.join(part(1, 60)) shouldBe null
            shouldThrow<dev.uring.base.FramingException> { joiner.join(part(2, 1)) }.message shouldContain
                "messagesMax=1"
            shouldThrow<dev.uring.base.FramingException> { joiner.join(part(1, 60)) }.message shouldContain
                "bytesMax=100"
            joiner.join(part(3, 60)) shouldBe null
            joiner.forget(1)
            joiner.join(part(4, 60)) shouldBe null
            joiner.join(part(4, 30).more(false))!!.body().size() shouldBe 90
        }

        test("a chat: everybody hears the others") {
            withEngine {
                serving(Chat()) { address ->
                    val ann = engine.create()
                    val bob = engine.create()
                    val annsChannel = ann.connect(address) { it.headers().append("name", "Ann") }
                    val bobsChannel = bob.connect(address) { it.headers().append("name", "Bob") }
                    ann.send(ann.signal(annsChannel, "hi"))
                    bob.nextText() shouldBe "Ann: hi"
                    bob.send(bob.signal(bobsChannel, "hello"))
                    ann.nextText() shouldBe "Bob: hello"
                    bob.close(bobsChannel)
                    ann.nextText() shouldBe "Bob has left"
                }
            }
        }

        test("an event bus: subscribers of a topic get what is published") {
            withEngine {
                serving(EventBus()) { address ->
                    val news = engine.create()
                    val sport = engine.create()
                    for ((group, topic) in listOf(news to "news", sport to "sport")) {
                        val request =
                            group
                                .request(
                                    group.connect(address),
                                    "",
                                ).also { it.headers().append("topic", topic) }
                        group.request(request).release()
                    }
                    val publisher = engine.create()
                    val channel = publisher.connect(address)
                    for (topic in listOf("sport", "news", "sport")) {
                        publisher.send(
                            publisher.signal(channel, "of $topic").also { it.headers().append("topic", topic) },
                        )
                    }
                    news.nextText() shouldBe "of news"
                    repeat(2) { sport.nextText() shouldBe "of sport" }
                }
            }
        }

        test("a farm: all tasks are done, also those of a worker that dies") {
            withEngine {
                coroutineScope {
                    val addresses = List(3) { CompletableDeferred<String>() }
                    val workers = List(3) { engine.create() }
                    val serving =
                        workers.mapIndexed { n, group ->
                            launch {
                                val listening = group.listen("tcp|127.0.0.1|0")
                                addresses[n].complete("${listening.address}")
                                for (message in group.incoming) {
                                    when {
                                        message.isFromEngine -> {
                                            message.release()
                                        }

                                        message.operation() == MessageOperation.HELLO_REQUEST -> {
                                            group.accept(message)
                                        }

                                        n == 0 -> {
                                            dropOut(group, message)
                                        }

                                        else -> {
                                            group.send(echo(message))
                                        }
                                    }
                                }
                            }
                        }
                    val boss = engine.create()
                    val channels = addresses.map { boss.connect(it.await()) }
                    val tasks = List(30) { "task $it" }
                    boss.farm(channels, tasks) shouldBe tasks.associateWith { it }
                    boss.channels() shouldBe channels.drop(1).toSet()
                    workers.forEach(Group::close)
                    serving.forEach { it.join() }
                }
            }
        }

        test("tofu's verbs, from a thread that is no worker's") {
            withEngine {
                withContext(Dispatchers.IO) {
                    val server = TofuGroup(engine.create())
                    val client = TofuGroup(engine.create())
                    val listening = server.listenAsync("tcp|127.0.0.1|0").await()
                    val hello = checkNotNull(client.get(PoolStrategy.ALWAYS)).operation(MessageOperation.HELLO_REQUEST)
                    hello.headers().append("~connect_to", "${listening.address}")
                    val header = client.enqueueToPeer(hello)
                    header.operation shouldBe MessageOperation.HELLO_REQUEST
                    check(header.channel in 1..65_534 && header.id > 0)
                    val asked = checkNotNull(server.waitReceive(PATIENCE.inWholeNanoseconds))
                    asked.id() shouldBe header.id
                    server.enqueueToPeer(asked.toResponse())
                    val answer = checkNotNull(client.waitReceive(TofuGroup.WAIT_FOREVER))
                    answer.channel() shouldBe header.channel
                    client.put(answer)
                    client.put(null)
                    client.waitReceive(TimeUnit.MILLISECONDS.toNanos(10)) shouldBe null
                    client.updateReceiver(null)
                    checkNotNull(client.receiveAsync().await()).status() shouldBe MessageStatus.RECEIVER_UPDATE
                    shouldThrow<InvalidMessageException> {
                        client.enqueueToPeer(
                            null,
                        )
                    }.status() shouldBe
                        MessageStatus.NULL_MESSAGE
                    engine.destroy(client.group).await()
                    shouldThrow<GroupClosedException> { client.waitReceive(1) }
                    // More than the channel takes at once: it waits for room instead of failing.
                    val again = TofuGroup(engine.create())
                    val connected = again.connectAsync("${listening.address}")
                    server.enqueueToPeer(
                        generateSequence {
                            server.waitReceive(TofuGroup.WAIT_FOREVER)
                        }.first { !it.isFromEngine }.toResponse(),
                    )
                    val channel = connected.await()
                    repeat(2_000) {
                        val message =
                            checkNotNull(
                                again.get(PoolStrategy.ALWAYS),
                            ).operation(MessageOperation.SIGNAL).channel(channel)
                        again.enqueueToPeer(message.also { m -> m.body().appendLong(it.toLong()) })
                        if (it % 500 == 499) {
                            repeat(
                                500,
                            ) {
                                server.group.run {
                                    checkNotNull(
                                        server.waitReceive(PATIENCE.inWholeNanoseconds),
                                    ).release()
                                }
                            }
                        }
                    }
                }
            }
        }
    })

private fun dropOut(
    group: Group,
    task: Message,
) {
    group.close(task.channel())
    task.release()
}

private suspend fun ask(
    group: Group,
    channel: Int,
    body: String,
): String {
    val answer = group.request(group.request(channel, body))
    return answer.body().toUtf8().also { answer.release() }
}

// Runs a service for as long as a block talks to it.
private suspend fun Trial.serving(
    service: Services,
    block: suspend (address: String) -> Unit,
) = coroutineScope {
    val bound = CompletableDeferred<String>()
    val announcing =
        object : Services by service {
            override suspend fun start(
                group: Group,
                listening: List<Listening>,
            ) {
                bound.complete("${listening.single().address}")
            }
        }
    val server = launch { engine.serve(announcing, "tcp|127.0.0.1|0") }
    block(bound.await())
    server.cancelAndJoin()
}
