package dev.uring.tls

import dev.uring.testing.TestCertificates
import dev.uring.testing.call
import dev.uring.testing.receive
import dev.uring.testing.receiveText
import dev.uring.testing.send
import dev.uring.testing.tlsTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.random.Random

private val PROTOCOLS = listOf("TLSv1.3", "TLSv1.2")

class TlsPeersKernelTest :
    FunSpec({
        for (protocol in PROTOCOLS) {
            tlsTest("a client of the JDK's is echoed over $protocol") {
                withTls { world ->
                    val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                    jdkClient(server.port(), protocol).use {
                        it.send("hello over tls")
                        it.receiveText(14) shouldBe "hello over tls"
                        it.session.protocol shouldBe protocol
                    }
                }
            }

            tlsTest("a server of the JDK's answers our client over $protocol") {
                JdkServer(protocol = protocol, serve = { it.send(it.receiveText(5).uppercase()) }).use { server ->
                    withTls { world ->
                        val collector = Collector()
                        val connection = world.connect(server.port, clientOptions().build(), collector).inTime()
                        connection.call { writeUtf8("hello") }
                        String(collector.awaitBytes(5)) shouldBe "HELLO"
                        collector.awaitClosed() shouldBe null
                    }
                }
            }

            tlsTest("random sizes in both directions arrive whole and in order over $protocol") {
                val seed = System.getProperty("uring.test.seed")?.toLong() ?: System.nanoTime()
                println("seed=$seed; again with: -During.test.seed=$seed")
                val random = Random(seed)
                withTls { world ->
                    val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                    jdkClient(server.port(), protocol).use { client ->
                        repeat(60) {
                            val size = 1 + random.nextInt(if (it % 10 == 0) 300_000 else 20_000)
                            val sent = random.nextBytes(size)
                            val writer = Thread { client.getOutputStream().write(sent) }.apply { start() }
                            client.receive(size).contentEquals(sent) shouldBe true
                            writer.join()
                        }
                    }
                }
            }
        }

        for ((kind, own) in listOf("RSA" to { TestCertificates.rsa }, "Ed25519" to { TestCertificates.ed25519 })) {
            tlsTest("a server with a key of kind $kind is believed by the JDK") {
                withTls { world ->
                    val server = world.listen(world.serverOptions(own().credentials).build()) { echo }
                    jdkClient(server.port()).use {
                        it.send("ping")
                        it.receiveText(4) shouldBe "ping"
                    }
                }
            }
        }
    })
