package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.DatagramPacket
import java.net.DatagramSocket
import java.net.InetAddress
import java.net.InetSocketAddress

class UdpEchoTest :
    FunSpec({
        for (mainClass in listOf("dev.uring.samples.UdpEchoKt", "dev.uring.samples.UdpEchoInJava")) {
            test("$mainClass answers every peer, and SIGTERM ends it") {
                ServerProcess(mainClass).use { server ->
                    repeat(8) { i ->
                        DatagramSocket(InetSocketAddress(LOOPBACK, 0)).use { peer ->
                            peer.soTimeout = 30_000
                            val sent = "hello $i".toByteArray()
                            peer.send(DatagramPacket(sent, sent.size, LOOPBACK, server.port))
                            val reply = DatagramPacket(ByteArray(100), 100)
                            peer.receive(reply)
                            String(reply.data, 0, reply.length) shouldBe "hello $i"
                        }
                    }
                    server.terminate()
                }
            }
        }
    })

private val LOOPBACK = InetAddress.getByName("127.0.0.1")
