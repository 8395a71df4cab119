package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.concurrent.thread
import kotlin.random.Random

class EchoInJavaTest :
    FunSpec({
        test("every byte comes back, and SIGTERM ends the server") {
            ServerProcess("dev.uring.samples.EchoInJava").use { server ->
                server.connect().use { socket ->
                    socket.getOutputStream().write("hello\n".toByteArray())
                    socket.getInputStream().readNBytes(6).decodeToString() shouldBe "hello\n"
                    socket.shutdownOutput()
                    socket.getInputStream().readAllBytes().size shouldBe 0
                }
                server.terminate()
            }
        }

        test("a peer that reads late gets all of what it sent") {
            // More than the send queue's high-water mark and both socket buffers, so that the server has to pause.
            val sent = Random(20_261_120).nextBytes(32 * 1024 * 1024)
            ServerProcess("dev.uring.samples.EchoInJava").use { server ->
                server.connect().use { socket ->
                    val writer =
                        thread {
                            socket.getOutputStream().write(sent)
                            socket.shutdownOutput()
                        }
                    val received = socket.getInputStream().readAllBytes()
                    writer.join()
                    received.contentEquals(sent) shouldBe true
                }
                server.terminate()
            }
        }
    })
