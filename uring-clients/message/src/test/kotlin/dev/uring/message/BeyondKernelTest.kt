package dev.uring.message

import dev.uring.dns.ResolverConfig
import dev.uring.message.codec.ChannelAddress
import dev.uring.message.codec.MessageStatus
import dev.uring.tls.TlsClientOptions
import dev.uring.tls.TlsCredentials
import dev.uring.tls.TlsServerOptions
import dev.uring.tls.TlsTrust
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.future.await
import java.net.InetAddress
import java.util.concurrent.ConcurrentLinkedQueue

/** What tofu does not have: beside the features of the wire, which [WireKernelTest] and [DeliveryKernelTest] look at. */
class BeyondKernelTest :
    FunSpec({
        needsKernel()

        test("channels go over TLS, and a peer that is not believed is a failed connect") {
            val credentials = TlsCredentials.selfSigned("localhost", "127.0.0.1")
            val trusting =
                TlsClientOptions.builder().trust(TlsTrust.certificates(credentials.certificate())).build()
            val server = EngineConfig(tlsServer = TlsServerOptions.of(credentials), tlsClient = trusting)
            withEngine(config = server) {
                val pair = pair()
                repeat(100) { pair.client.send(pair.client.signal(pair.here, "$it".repeat(500))) }
                repeat(100) { pair.server.nextText() shouldBe "$it".repeat(500) }
                val doubting = MessageEngine(engine.runtime, EngineConfig(tlsClient = TlsClientOptions.defaults()))
                val address =
                    pair.server
                        .listen("tcp|127.0.0.1|0")
                        .address
                        .toString()
                val failure = shouldThrow<ChannelFailedException> { doubting.create().connect(address) }
                failure.status shouldBe MessageStatus.CONNECT_FAILED
                doubting.close()
            }
        }

        test("a peer is found by its name") {
            val hosts = mapOf("peer.test" to listOf(InetAddress.getLoopbackAddress()))
            withEngine(
                resolver =
                    ResolverConfig
                        .system()
                        .toBuilder()
                        .hosts(hosts)
                        .build(),
            ) {
                val server = engine.create()
                val port = server.listen("tcp|127.0.0.1|0").address.port()
                val pair = connected(engine.create(), server, "tcp|peer.test|$port")
                pair.client.send(pair.client.signal(pair.here, "by name"))
                server.nextText() shouldBe "by name"
            }
        }

        test("a tap hears of every message at both ends, and counters count them") {
            val heard = ConcurrentLinkedQueue<String>()
            val tap = MessageTap { direction, channel, text -> heard += "$direction $channel $text" }
            withEngine(workers = 1, config = EngineConfig(tap = tap)) {
                val pair = pair()
                pair.client.send(pair.client.signal(pair.here, "abc").id(7))
                pair.server.nextText() shouldBe "abc"
                val what = "message(REGULAR SIGNAL, channel=%d, id=7, headers=0 B, body=3 B)"
                heard.toList().takeLast(2) shouldBe
                    listOf("OUT ${pair.here} ${what.format(pair.here)}", "IN ${pair.there} ${what.format(pair.there)}")
                val here = checkNotNull(pair.client.metrics(pair.here))
                val there = checkNotNull(pair.server.metrics(pair.there))
                here.messagesSent shouldBe 2
                here.messagesReceived shouldBe 1
                there.messagesReceived shouldBe 2
                here.bytesSent shouldBe there.bytesReceived
                pair.client.metrics(pair.there) shouldBe null
            }
        }

        test("an engine's groups are its own, and closing it closes them") {
            withEngine {
                val other = MessageEngine(engine.runtime)
                val listening = other.create().listen("tcp|127.0.0.1|0")
                listening.address.kind() shouldBe ChannelAddress.Kind.TCP
                engine.create().channels() shouldBe emptySet()
                other.close()
                shouldThrow<IllegalStateException> { other.create() }
                other.closed().await()
                other.groupsCount shouldBe 0
            }
        }
    })
