package dev.uring.message

import dev.uring.dns.ResolverConfig
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.tls.TlsClientOptions
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.future.await
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import java.net.DatagramSocket
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** That nothing waits for ever for a peer, or for a name. */
class TimeoutKernelTest :
    FunSpec({
        needsKernel()

        test("a peer that takes the connection and says nothing in the handshake is given up in time") {
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { silent ->
                val config =
                    EngineConfig(connectTimeout = 200.milliseconds, tlsClient = TlsClientOptions.defaults())
                withEngine(config = config) {
                    val failure =
                        shouldThrow<ChannelFailedException> {
                            withTimeout(PATIENCE) { engine.create().connect("tcp|127.0.0.1|${silent.localPort}") }
                        }
                    failure.status shouldBe MessageStatus.CONNECT_FAILED
                }
            }
        }

        test("a name that is not found in time is a failed connect, and no other channel of the worker waits for it") {
            DatagramSocket(0, InetAddress.getLoopbackAddress()).use { silent ->
                val resolver = asking(silent)
                // So long that a machine which stops for a while leaves time for the round trips.
                val config = EngineConfig(connectTimeout = 5.seconds)
                withEngine(workers = 1, config = config, resolver = resolver) {
                    coroutineScope {
                        val calm = pair()
                        val group = engine.create()
                        val connecting = async { runCatching { group.connect("tcp|nobody.test|7099") } }
                        while (group.channels().isEmpty()) kotlinx.coroutines.yield()
                        var rounds = 0
                        // As long as the look-up lasts: at least once, and in fact some thousand times.
                        do {
                            calm.client.send(calm.client.signal(calm.here, "calm"))
                            calm.server.nextText() shouldBe "calm"
                            rounds++
                        } while (connecting.isActive)
                        check(rounds > 10) { "only $rounds round trips while a name was looked up" }
                        val failure = connecting.await().exceptionOrNull() as ChannelFailedException
                        failure.status shouldBe MessageStatus.CONNECT_FAILED
                        group.channels() shouldBe emptySet()
                    }
                }
            }
        }

        test("a channel that is closed while its name is looked up ends at once") {
            DatagramSocket(0, InetAddress.getLoopbackAddress()).use { silent ->
                val resolver = asking(silent)
                withEngine(workers = 1, config = EngineConfig(connectTimeout = 10.minutes), resolver = resolver) {
                    val group = engine.create()
                    val hello = group.message().operation(MessageOperation.HELLO_REQUEST)
                    hello.headers().append("~connect_to", "tcp|nobody.test|7099")
                    group.send(hello)
                    group.close(group.channels().single())
                    group.nextFromEngine(MessageStatus.CHANNEL_CLOSED).operation() shouldBe MessageOperation.BYE_SIGNAL
                    group.nextFromEngine(MessageStatus.CHANNEL_CLOSED).operation() shouldBe
                        MessageOperation.HELLO_REQUEST
                    group.nextFromEngine(MessageStatus.CHANNEL_CLOSED).isEndOfChannel shouldBe true
                }
            }
        }

        test("a peer that does not read holds a channel that ends no longer than closeTimeout") {
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { listening ->
                val config =
                    EngineConfig(
                        closeTimeout = 300.milliseconds,
                        channelMessagesMax = 10_000,
                        channelBytesMax = 1L shl 30,
                    )
                withEngine(config = config) {
                    val group = engine.create()
                    val hello = group.message().operation(MessageOperation.HELLO_REQUEST)
                    hello.headers().append("~connect_to", "tcp|127.0.0.1|${listening.localPort}")
                    group.send(hello)
                    val number = group.channels().single()
                    val socket = withContext(Dispatchers.IO) { listening.accept() }
                    // More than the kernel's buffers can hold at both ends.
                    repeat(1_000) {
                        group.trySend(group.signal(number, "").also { m -> m.body().append(ByteArray(60_000)) })
                    }
                    group.trySend(group.message().operation(MessageOperation.BYE_SIGNAL).channel(number))
                    group.trySend(
                        group
                            .message()
                            .operation(MessageOperation.BYE_SIGNAL)
                            .oob(true)
                            .channel(number),
                    )
                    withTimeout(PATIENCE) {
                        var returned = 0
                        while (true) {
                            val back = group.receive()
                            if (back.isEndOfChannel) break
                            returned++
                            back.release()
                        }
                        check(returned > 1) { "returned=$returned" }
                        val other = engine.create()
                        val again = other.message().operation(MessageOperation.HELLO_REQUEST)
                        again.headers().append("~connect_to", "tcp|127.0.0.1|${listening.localPort}")
                        other.send(again)
                        val second = other.channels().single()
                        withContext(Dispatchers.IO) { listening.accept() }.use {
                            repeat(1_000) {
                                other.trySend(
                                    other.signal(second, "").also { m -> m.body().append(ByteArray(60_000)) },
                                )
                            }
                            engine.destroy(other).await()
                        }
                    }
                    socket.close()
                }
            }
        }
    })

// A resolver whose server never answers.
private fun asking(silent: DatagramSocket): ResolverConfig =
    ResolverConfig
        .builder()
        .servers(InetSocketAddress("127.0.0.1", silent.localPort))
        .attempts(1)
        .timeout(20.seconds)
        .build()
