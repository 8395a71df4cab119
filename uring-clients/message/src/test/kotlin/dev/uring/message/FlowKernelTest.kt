package dev.uring.message

import dev.uring.dns.ResolverConfig
import dev.uring.dsl.dispatcher
import dev.uring.message.codec.InvalidMessageException
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.message.codec.PoolStrategy
import dev.uring.message.codec.WireFormat
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import java.net.InetSocketAddress
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/** Each way that messages take between programs and engines, on real sockets. */
class FlowKernelTest :
    FunSpec({
        needsKernel()

        test("a welcome comes back as its response, and what cannot be listened on with the reason") {
            withEngine {
                val group = engine.create()
                val welcome = group.message().operation(MessageOperation.WELCOME_REQUEST).id(77)
                welcome.headers().append("~listen_on", "tcp|127.0.0.1|0")
                group.send(welcome)
                val answer = group.next("the welcome response")
                answer shouldBeSameInstanceAs welcome
                answer.operation() shouldBe MessageOperation.WELCOME_RESPONSE
                answer.status() shouldBe MessageStatus.SUCCESS
                answer.id() shouldBe 77
                val port = group.addressOf(answer.channel())!!.port()
                answer.release()

                suspend fun failure(address: String) =
                    shouldThrow<ChannelFailedException> { engine.create().listen(address) }.status
                failure("tcp|127.0.0.1|$port") shouldBe MessageStatus.LISTEN_FAILED
                failure("tcp|192.128.4.5|0") shouldBe MessageStatus.INVALID_ADDRESS
                failure("uds|/nonexistent/folder/socket") shouldBe MessageStatus.LISTEN_FAILED
                shouldThrow<InvalidMessageException> { group.listen("tcp|127.0.0.1") }.status() shouldBe
                    MessageStatus.WRONG_CONFIGURATION
                group.channels() shouldBe setOf(answer(group))
            }
        }

        for (format in WireFormat.entries) {
            for (kind in listOf("tcp", "uds")) {
                test("hello, requests, responses and bye over $kind in $format") {
                    val path = tempdir().resolve("socket").path
                    withEngine(config = EngineConfig(wireFormat = format)) {
                        val pair = pair(if (kind == "tcp") "tcp|127.0.0.1|0" else "uds|$path")
                        val client = pair.client
                        val server = pair.server
                        repeat(3) { round ->
                            val request =
                                client
                                    .request(
                                        pair.here,
                                        "hi $round",
                                    ).also { it.headers().append("n", "$round") }
                            client.send(request)
                            val asked = server.next()
                            asked.operation() shouldBe MessageOperation.REQUEST
                            asked.channel() shouldBe pair.there
                            asked.headers().first("n") shouldBe "$round"
                            asked.body().toUtf8() shouldBe "hi $round"
                            val id = asked.id()
                            server.send(asked.toResponse().also { it.body().appendUtf8("ho") })
                            val answer = client.next()
                            answer.operation() shouldBe MessageOperation.RESPONSE
                            answer.id() shouldBe id
                            answer.channel() shouldBe pair.here
                            answer.body().toUtf8() shouldBe "ho"
                            answer.release()
                        }
                        client.send(client.message().operation(MessageOperation.BYE_REQUEST).channel(pair.here))
                        val bye = server.next()
                        bye.operation() shouldBe MessageOperation.BYE_REQUEST
                        server.send(bye.toResponse())
                        client.next().operation() shouldBe MessageOperation.BYE_RESPONSE
                        client.nextFromEngine(MessageStatus.CHANNEL_CLOSED).channel() shouldBe pair.here
                        server.nextFromEngine(MessageStatus.CHANNEL_CLOSED).channel() shouldBe pair.there
                        client.channels() shouldBe emptySet()
                    }
                }
            }
        }

        test("after a bye nothing is sent on the channel: it comes back") {
            withEngine {
                val pair = pair()
                val client = pair.client
                client.send(client.message().operation(MessageOperation.BYE_REQUEST).channel(pair.here))
                val late = client.signal(pair.here, "late")
                client.send(late)
                val back = client.nextFromEngine(MessageStatus.CHANNEL_CLOSED)
                back shouldBeSameInstanceAs late
                back.body().toUtf8() shouldBe "late"
                back.operation() shouldBe MessageOperation.SIGNAL
                pair.server.next().operation() shouldBe MessageOperation.BYE_REQUEST
            }
        }

        test("a bye signal ends the channel at both sides behind what was sent before") {
            withEngine {
                val pair = pair()
                repeat(100) { pair.client.send(pair.client.signal(pair.here, "$it")) }
                pair.client.send(
                    pair.client
                        .message()
                        .operation(MessageOperation.BYE_SIGNAL)
                        .channel(pair.here),
                )
                repeat(100) { pair.server.nextText() shouldBe "$it" }
                pair.server.next().operation() shouldBe MessageOperation.BYE_SIGNAL
                pair.server.nextFromEngine(MessageStatus.CHANNEL_CLOSED)
                pair.client.nextFromEngine(MessageStatus.CHANNEL_CLOSED)
            }
        }

        test("a bye signal out of band ends the channel at once and comes back itself") {
            withEngine {
                val pair = pair()
                val bye =
                    pair.client
                        .message()
                        .operation(MessageOperation.BYE_SIGNAL)
                        .oob(true)
                        .channel(pair.here)
                pair.client.send(bye)
                pair.client.nextFromEngine(MessageStatus.CHANNEL_CLOSED) shouldBeSameInstanceAs bye
                pair.client.nextFromEngine(MessageStatus.CHANNEL_CLOSED).operation() shouldBe MessageOperation.SIGNAL
                pair.server.nextFromEngine(MessageStatus.CHANNEL_CLOSED).channel() shouldBe pair.there
                pair.client.close(pair.here)
            }
        }

        test("what cannot be connected at once comes back as the response, and no channel was there") {
            val folder = tempdir()
            val refusing = folder.resolve("refusing").path
            java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX).use {
                it.bind(java.net.UnixDomainSocketAddress.of(refusing))
            }
            val resolver =
                ResolverConfig
                    .system()
                    .toBuilder()
                    .servers(InetSocketAddress("127.0.0.1", 1))
                    .attempts(1)
                    .timeout(100.milliseconds)
                    .build()
            withEngine(resolver = resolver) {
                val group = engine.create()
                val cases =
                    mapOf(
                        "uds|${folder.resolve("nobody").path}" to MessageStatus.UDS_PATH_NOT_FOUND,
                        "uds|$refusing" to MessageStatus.PEER_DISCONNECTED,
                        "tcp|nobody.invalid|7099" to MessageStatus.INVALID_ADDRESS,
                        "tcp|127.0.0.1|0" to MessageStatus.INVALID_ADDRESS,
                    )
                for ((address, status) in cases) {
                    val hello = group.message().operation(MessageOperation.HELLO_REQUEST)
                    hello.headers().append("~connect_to", address)
                    group.send(hello)
                    val back = group.nextFromEngine(status)
                    back shouldBeSameInstanceAs hello
                    back.operation() shouldBe MessageOperation.HELLO_RESPONSE
                    back.release()
                    group.receive(Duration.ZERO) shouldBe null
                    group.channels() shouldBe emptySet()
                }
            }
        }

        test("what fails later comes back as it was, and then the channel's end") {
            withEngine {
                val group = engine.create()
                val port = closedPort()
                val hello = group.message().operation(MessageOperation.HELLO_REQUEST)
                hello.headers().append("~connect_to", "tcp|127.0.0.1|$port")
                group.send(hello)
                val back = group.nextFromEngine(MessageStatus.CONNECT_FAILED)
                back shouldBeSameInstanceAs hello
                back.operation() shouldBe MessageOperation.HELLO_REQUEST
                val end = group.nextFromEngine(MessageStatus.CHANNEL_CLOSED)
                end.channel() shouldBe back.channel()
                end.id() shouldBe back.id()
                end.operation() shouldBe MessageOperation.SIGNAL
                end.body().toUtf8() shouldContain "ECONNREFUSED"
                shouldThrow<ChannelFailedException> { group.connect("tcp|127.0.0.1|$port") }.status shouldBe
                    MessageStatus.CONNECT_FAILED
            }
        }

        test("illegal messages are refused where they are sent, and stay the program's") {
            withEngine {
                val group = engine.create()
                val other = engine.create()
                val pair = pair()

                fun status(
                    message: Message,
                    by: Group = group,
                ) = shouldThrow<InvalidMessageException> { by.trySend(message) }.status().also { message.release() }
                status(group.message()) shouldBe MessageStatus.INVALID_MESSAGE_MODE
                status(group.message().operation(MessageOperation.BYE_REQUEST)) shouldBe
                    MessageStatus.INVALID_CHANNEL_NUMBER
                status(group.message().operation(MessageOperation.HELLO_REQUEST)) shouldBe
                    MessageStatus.WRONG_CONFIGURATION
                status(group.request(65_535, "nobody")) shouldBe MessageStatus.INVALID_CHANNEL_NUMBER
                status(other.request(pair.here, "another's"), other) shouldBe MessageStatus.INVALID_CHANNEL_GROUP
                val welcome = group.listen("tcp|127.0.0.1|0").channel
                status(group.request(welcome, "to a listener")) shouldBe MessageStatus.INVALID_CHANNEL_NUMBER
            }
        }

        test("many coroutines of all workers get their own responses") {
            withEngine {
                val pair = pair()
                coroutineScope {
                    val server = launch { echoAll(pair.server) }
                    val asked =
                        List(200) { n ->
                            async(if (n % 2 == 0) Dispatchers.Default else coroutineContext) {
                                val answer = pair.client.request(pair.client.request(pair.here, "body $n"))
                                answer.body().toUtf8().also { answer.release() } shouldBe "body $n"
                            }
                        }
                    asked.awaitAll()
                    pair.server.close()
                    server.join()
                }
            }
        }

        test("a request whose channel ends is answered by the engine") {
            withEngine {
                val pair = pair()
                coroutineScope {
                    val asked = async { pair.client.request(pair.client.request(pair.here, "?")) }
                    pair.server.next().release()
                    pair.server.close(pair.there)
                    val answer = asked.await()
                    answer.isFromEngine shouldBe true
                    answer.status() shouldBe MessageStatus.CHANNEL_CLOSED
                    answer.operation() shouldBe MessageOperation.RESPONSE
                }
            }
        }

        test("a message out of band is received before those that are there") {
            // One worker: what is sent in one turn arrives in one piece, and the receiver goes on when all of it is
            // there.
            withEngine(workers = 1) {
                val pair = pair()
                repeat(3) { pair.client.send(pair.client.signal(pair.here, "$it")) }
                pair.client.send(pair.client.signal(pair.here, "first").oob(true))
                List(4) { pair.server.nextText() } shouldBe listOf("first", "0", "1", "2")
            }
        }

        test("a message out of band is sent before those that wait, but never before the hello") {
            withEngine(workers = 1) {
                val server = engine.create()
                val client = engine.create()
                val onWire = ArrayList<String>()
                server.onBorrowed { _, message -> onWire.add(message.body().toUtf8()) }
                val hello = client.message().operation(MessageOperation.HELLO_REQUEST)
                hello.headers().append("~connect_to", "${server.listen("tcp|127.0.0.1|0").address}")
                client.send(hello)
                val number = client.channels().single()
                repeat(2) { client.send(client.signal(number, "$it")) }
                client.send(client.signal(number, "first").oob(true))
                server.next().operation() shouldBe MessageOperation.HELLO_REQUEST
                client.partFrom(server, number)
                onWire shouldBe listOf("first", "0", "1")
            }
        }

        test(
            "a group that keeps its messages is not received for, hears so once, and goes on when it gives them back",
        ) {
            withEngine(workers = 1, config = EngineConfig(poolInitial = 4, poolMax = 4)) {
                val server = engine.create()
                val address = server.listen("tcp|127.0.0.1|0").address.toString()
                val pair = connected(engine.create(), server, address)
                val calm = pair()
                repeat(20) { pair.client.send(pair.client.signal(pair.here, "$it")) }
                val kept = List(4) { server.next() }
                kept.map { it.body().toUtf8() } shouldBe listOf("0", "1", "2", "3")
                server.get(PoolStrategy.POOL_ONLY) shouldBe null
                val signal = server.nextFromEngine(MessageStatus.POOL_EMPTY)
                signal.channel() shouldBe pair.there
                signal.release()
                // Another group is none the worse for it.
                calm.client.send(calm.client.signal(calm.here, "calm"))
                calm.server
                    .next()
                    .body()
                    .toUtf8() shouldBe "calm"
                server.metrics(pair.there)!!.isStarving shouldBe true
                kept.forEach(server::put)
                for (expected in 4 until 20) {
                    var message = server.next("message $expected")
                    while (message.isFromEngine) message = server.next("message $expected")
                    message.body().toUtf8() shouldBe "$expected"
                    message.release()
                }
            }
        }

        test("a message of the program's own fills an empty pool") {
            withEngine(config = EngineConfig(poolInitial = 1, poolMax = 2)) {
                val pair = pair()
                val server = pair.server
                repeat(2) { pair.client.send(pair.client.signal(pair.here, "$it")) }
                server.next().body().toUtf8() shouldBe "0"
                server.nextFromEngine(MessageStatus.POOL_EMPTY)
                server.put(server.get(PoolStrategy.ALWAYS)!!)
                server.next().body().toUtf8() shouldBe "1"
            }
        }

        test("a group that is destroyed sends what it has, and gives up what it has not received") {
            withEngine {
                val pair = pair()
                repeat(300) { pair.client.send(pair.client.signal(pair.here, "$it")) }
                pair.server.send(pair.server.signal(pair.there, "never read"))
                engine.destroy(pair.client).await()
                shouldThrow<GroupClosedException> { pair.client.receive() }
                shouldThrow<GroupClosedException> { pair.client.trySend(pair.client.signal(pair.here, "late")) }
                repeat(300) { pair.server.nextText() shouldBe "$it" }
                pair.server.nextFromEngine(MessageStatus.CHANNEL_CLOSED)
                engine.groupsCount shouldBe 1
            }
        }

        test("a receiver hears of updates in their order, from any thread") {
            withEngine {
                val group = engine.create()
                val mine =
                    group
                        .message()
                        .operation(MessageOperation.SIGNAL)
                        .channel(5)
                        .context("note")
                withContext(Dispatchers.IO) {
                    group.notifyReceiver()
                    group.notifyReceiver(mine)
                }
                val first = group.nextFromEngine(MessageStatus.RECEIVER_UPDATE)
                first.channel() shouldBe Message.CHANNEL_ENGINE
                val second = group.next()
                second shouldBeSameInstanceAs mine
                second.isFromEngine shouldBe false
                second.status() shouldBe MessageStatus.RECEIVER_UPDATE
                second.context() shouldBe "note"
                group.receive(20.milliseconds) shouldBe null
            }
        }

        test("what comes is a flow, which ends with the group, and a receive waits no longer than it is told") {
            withEngine {
                val pair = pair()
                repeat(5) { pair.client.send(pair.client.signal(pair.here, "$it")) }
                val taken =
                    pair.server.incoming
                        .take(3)
                        .map { m -> m.body().toUtf8().also { m.release() } }
                taken.toList() shouldBe listOf("0", "1", "2")
                pair.server
                    .receive(PATIENCE)!!
                    .body()
                    .toUtf8() shouldBe "3"
                coroutineScope {
                    val rest =
                        async {
                            pair.server.incoming
                                .map { m -> m.body().toUtf8() }
                                .first()
                        }
                    rest.await() shouldBe "4"
                    pair.client.receive(20.milliseconds) shouldBe null
                    val all = async { pair.client.incoming.toList() }
                    pair.client.close()
                    all.await().forEach { it.isFromEngine shouldBe true }
                }
            }
        }

        test("a receive that is cancelled loses nothing") {
            withEngine {
                val pair = pair()
                coroutineScope {
                    repeat(20) { round ->
                        val waiting = launch { pair.server.receive().release() }
                        while (!waiting.isActive) kotlinx.coroutines.yield()
                        waiting.cancel()
                        pair.client.send(pair.client.signal(pair.here, "$round"))
                        waiting.join()
                        pair.server
                            .next()
                            .body()
                            .toUtf8() shouldBe "$round"
                    }
                }
            }
        }

        test("messages are looked at where they were received, and those that are wanted are copied") {
            withEngine {
                val pair = pair()
                val seen = java.util.concurrent.ConcurrentLinkedQueue<String>()
                pair.server.onBorrowed { channel, message ->
                    check(channel == pair.there)
                    val text = message.body().toUtf8()
                    seen += text
                    text != "keep"
                }
                for (text in listOf("a", "keep", "b")) pair.client.send(pair.client.signal(pair.here, text))
                pair.server
                    .next()
                    .body()
                    .toUtf8() shouldBe "keep"
                pair.server.onBorrowed(null)
                pair.client.send(pair.client.signal(pair.here, "c"))
                pair.server
                    .next()
                    .body()
                    .toUtf8() shouldBe "c"
                seen.toList() shouldBe listOf("a", "keep", "b")
            }
        }

        test("groups on each worker share a listener, and no message leaves its worker") {
            withEngine {
                val shards = engine.createOnEachWorker()
                val address =
                    shards
                        .first()
                        .listen("tcp|127.0.0.1|0")
                        .address
                        .toString()
                coroutineScope {
                    val servers =
                        shards.map { group ->
                            launch(group.home.dispatcher) {
                                for (m in group.incoming) {
                                    if (!m.isFromEngine) group.metrics(m.channel())!!.worker shouldBe group.home.index()
                                    if (m.isFromEngine) m.release() else group.send(echo(m))
                                }
                            }
                        }
                    val client = engine.create(placement = ChannelPlacement.SPREAD)
                    val channels = List(16) { client.connect(address) }
                    channels.map { client.metrics(it)!!.worker }.toSet() shouldBe setOf(0, 1)
                    for (channel in channels) {
                        val answer = client.request(client.request(channel, "to $channel"))
                        answer.body().toUtf8() shouldBe "to $channel"
                        answer.release()
                    }
                    shards.forEach { it.close() }
                    servers.forEach { it.join() }
                }
            }
        }
    })

// Both sides part, so that all that was sent before has come.
private suspend fun Group.partFrom(
    server: Group,
    channel: Int,
) {
    send(message().operation(MessageOperation.BYE_REQUEST).channel(channel))
    server.send(server.next("a bye").toResponse())
    next().operation() shouldBe MessageOperation.BYE_RESPONSE
}

private fun answer(group: Group) = group.channels().single()

internal suspend fun echoAll(group: Group) {
    for (m in group.incoming) if (m.isFromEngine) m.release() else group.send(echo(m))
}

/** The response to a request, with what the request carried. */
internal fun echo(request: Message): Message {
    val text = request.body().toByteArray()
    return request.toResponse().also { it.body().append(text) }
}

/** A port where nobody listens. */
internal fun closedPort(): Int = java.net.ServerSocket(0).use { it.localPort }
