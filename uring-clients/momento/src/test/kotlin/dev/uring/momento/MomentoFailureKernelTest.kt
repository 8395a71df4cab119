package dev.uring.momento

import dev.uring.bytes.FixedSink
import dev.uring.momento.codec.CommandKind
import dev.uring.momento.codec.MomentoCommandDecoder
import dev.uring.momento.codec.MomentoReplyWriter
import dev.uring.momento.codec.ReplyKind
import dev.uring.momento.codec.hex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import java.io.OutputStream
import java.lang.foreign.Arena
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.concurrent.thread
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import dev.uring.bytes.ByteWindow as Window
import dev.uring.codec.DecodeStatus as Status

/** What a client does when its server breaks connections, is not there, or does not speak as it should. */
class MomentoFailureKernelTest :
    FunSpec({
        needsKernel()

        test("a get is sent again after a lost connection, a set fails and says that it was sent") {
            var hangsUp = 0
            withMomento({ before { if (hangsUp-- > 0) hangUp() } }) { client, _ ->
                val cache = client.cache("c")
                cache.set("k", "v")
                hangsUp = 1
                cache.getText("k") shouldBe "v"
                hangsUp = 1
                val failure = shouldThrow<MomentoConnectionException> { cache.set("k", "w") }
                failure.wasSent shouldBe true
                failure.message!! shouldContain "SET: the connection to 127.0.0.1:"
                cache.getText("k") shouldBe "v"
                client.snapshot().run {
                    replays shouldBe 1
                    connectionsLost shouldBe 2
                    connects shouldBe 3
                }
            }
        }

        test("with ReplayRule.ALL sets are sent again too, with NONE nothing is") {
            for (rule in listOf(ReplayRule.ALL, ReplayRule.NONE)) {
                var hangsUp = 0
                withMomento({
                    before {
                        if (hangsUp-- >
                            0
                        ) {
                            hangUp()
                        }
                    }
                }, configure = { copy(replay = rule) }) { client, _ ->
                    val cache = client.cache("c")
                    cache.set("k", "v")
                    hangsUp = 1
                    val set = runCatching { cache.set("k", "w") }
                    hangsUp = 1
                    val got = runCatching { cache.getText("k") }
                    (set.isSuccess to got.isSuccess) shouldBe
                        if (rule == ReplayRule.ALL) true to true else false to false
                }
            }
        }

        test("what is in flight when a server goes away fails, and what comes later finds the new one") {
            val seed = newSeed()
            withClue({ "-During.fuzz.seed=$seed" }) {
                val random = Random(seed)
                withMomento({ before { if (random.nextInt(50) == 0) hangUp() } }) { client, _ ->
                    val cache = client.cache("c")
                    var unsure = 0
                    repeat(20) {
                        List(50) { n ->
                            async {
                                runCatching { cache.set("k$n", "v$n") }.onFailure { failure ->
                                    (failure as MomentoConnectionException).wasSent shouldBe true
                                    unsure++
                                }
                                val got = cache.getText("k$n")
                                check(got == null || got == "v$n") { "k$n is $got" }
                            }
                        }.awaitAll()
                    }
                    check(unsure > 0) { "no connection was ever lost" }
                }
            }
        }

        test("a server that is not there is said so at once, with the address") {
            withUring {
                val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
                momento(plainConfig(port)).use { client ->
                    val failure = shouldThrow<MomentoConnectionException> { client.cache("c").get("k") }
                    failure.message!! shouldContain "127.0.0.1:$port"
                    failure.wasSent shouldBe false
                }
            }
        }

        test("a server that does not answer Authenticate is given up within connectTimeout") {
            ScriptedServer { _, _ -> }.use { server ->
                server.isAuthenticating = false
                withUring {
                    val config =
                        plainConfig(
                            server.port,
                        ).copy(connectTimeout = 100.milliseconds, commandTimeout = 400.milliseconds)
                    momento(config).use { client ->
                        shouldThrow<MomentoFailure> { client.cache("c").get("k") }.message!! shouldContain "127.0.0.1"
                        eventually({ "${client.snapshot()}" }) {
                            server.acceptedCount > 1 ||
                                client.snapshot().waiting == 0L
                        }
                    }
                }
            }
        }

        test("replies cut at random places reach those who asked") {
            val seed = newSeed()
            withClue({ "-During.fuzz.seed=$seed" }) {
                val random = Random(seed)
                ScriptedServer { command, output ->
                    val reply = command.hit(command.key)
                    val cut = random.nextInt(reply.size + 1)
                    output.write(reply, 0, cut)
                    output.flush()
                    output.write(reply, cut, reply.size - cut)
                    output.flush()
                }.use { server ->
                    withUring {
                        momento(plainConfig(server.port)).use { client ->
                            val cache = client.cache("c")
                            repeat(10) { round ->
                                List(100) { n -> async { cache.getText("$round:$n") } }.awaitAll() shouldContainExactly
                                    List(100) { n -> "$round:$n" }
                            }
                        }
                    }
                }
            }
        }

        val mad =
            mapOf(
                "garbage" to hex("07 ffffffffffffff"),
                "a huge length" to hex("ffffffff7f"),
                "an endless length" to ByteArray(12) { -1 },
                "a number that was never sent" to hex("06 0863 1000 5a00"),
                "a reply of another kind" to hex("06 0802 1000 6200"),
                "a group" to hex("05 0802 1000 5b"),
            )
        for ((what, wire) in mad) {
            test("$what ends the connection with what was wrong, and the next one serves") {
                val isMad = AtomicBoolean(true)
                ScriptedServer { command, output ->
                    // Sane before it is heard: the next connection has a thread of its own.
                    output.write(if (isMad.getAndSet(false)) wire else command.hit("sane"))
                }.use { server ->
                    withUring {
                        momento(plainConfig(server.port).copy(replay = ReplayRule.NONE)).use { client ->
                            val failure = shouldThrow<MomentoConnectionException> { client.cache("c").get("k") }
                            failure.message!! shouldContain "does not speak Momento's protocol as it should: momento: "
                            client.cache("c").getText("k") shouldBe "sane"
                        }
                    }
                }
            }
        }

        test("a server that gives a command up is an error of that command alone") {
            ScriptedServer { command, output ->
                output.write(if (command.key == "k") hex("04 0802 1001") else command.hit("v"))
            }.use { server ->
                withUring {
                    momento(plainConfig(server.port)).use { client ->
                        shouldThrow<MomentoCancelledByServerException> { client.cache("c").get("k") }
                        client.cache("c").getText("other") shouldBe "v"
                        client.snapshot().connectionsLost shouldBe 0
                    }
                }
            }
        }

        test("a second reply to one command is dropped and counted") {
            ScriptedServer { command, output -> output.write(command.hit("1") + command.hit("2")) }.use { server ->
                withUring {
                    momento(plainConfig(server.port)).use { client ->
                        repeat(3) { client.cache("c").getText("k") shouldBe "1" }
                        eventually({ "${client.snapshot()}" }) { client.snapshot().lateReplies == 3L }
                    }
                }
            }
        }

        test("a miss is no error") {
            ScriptedServer { command, output -> output.write(command.empty(ReplyKind.GET)) }.use { server ->
                withUring {
                    momento(plainConfig(server.port)).use { it.cache("c").get("k").shouldBeNull() }
                }
            }
        }
    })

/** A command as a [ScriptedServer] sees it. */
private class Asked(
    val id: Long,
    val key: String,
) {
    fun hit(value: String) = bytes { MomentoReplyWriter.writeHit(it, id, value.toByteArray()) }

    fun empty(kind: ReplyKind) = bytes { MomentoReplyWriter.writeEmpty(it, id, kind) }

    private fun bytes(write: (FixedSink) -> Unit): ByteArray =
        Arena.ofConfined().use { arena ->
            val sink = FixedSink(arena.allocate(4096))
            write(sink)
            sink.view().toByteArray()
        }
}

/** Accepts every token and then answers each command as [answer] likes, one thread for each connection. */
private class ScriptedServer(
    private val answer: (Asked, OutputStream) -> Unit,
) : AutoCloseable {
    private val listener = ServerSocket(0, 50, InetAddress.getLoopbackAddress())
    private val accepted = CopyOnWriteArrayList<Socket>()
    val port: Int get() = listener.localPort
    val acceptedCount: Int get() = accepted.size

    init {
        thread(isDaemon = true) {
            while (true) {
                val socket = runCatching { listener.accept() }.getOrNull() ?: break
                accepted += socket
                thread(isDaemon = true) { runCatching { socket.use(::serve) } }
            }
        }
    }

    private fun serve(socket: Socket) {
        socket.tcpNoDelay = true
        var unread = ByteArray(0)
        val buffer = ByteArray(8192)
        MomentoCommandDecoder().use { decoder ->
            while (true) {
                val count = socket.getInputStream().read(buffer)
                if (count < 0) return
                unread += buffer.copyOf(count)
                val view = Window.copyOf(unread)
                var at = 0
                while (decoder.decode(view, at) == Status.DONE) {
                    at += decoder.consumedBytes()
                    val command = decoder.command()
                    val asked = Asked(command.messageId(), command.key().let { if (it.isEmpty) "" else it.toUtf8() })
                    if (command.kind() == CommandKind.AUTHENTICATE && isAuthenticating) {
                        socket.getOutputStream().write(asked.empty(ReplyKind.AUTHENTICATE))
                    } else if (command.kind() != CommandKind.NONE) {
                        answer(asked, socket.getOutputStream())
                    }
                }
                unread = unread.copyOfRange(at, unread.size)
            }
        }
    }

    var isAuthenticating = true

    override fun close() {
        listener.close()
        accepted.forEach(Socket::close)
    }
}
