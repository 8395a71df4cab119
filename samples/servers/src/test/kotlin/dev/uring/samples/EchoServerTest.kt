package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class EchoServerTest :
    FunSpec({
        test("every byte comes back, and SIGTERM ends the server") {
            ServerProcess("dev.uring.samples.EchoServerKt").use { server ->
                server.connect().use { socket ->
                    socket.getOutputStream().write("hello\n".toByteArray())
                    socket.getInputStream().readNBytes(6).decodeToString() shouldBe "hello\n"
                    socket.shutdownOutput()
                    socket.getInputStream().readAllBytes().size shouldBe 0
                }
                server.terminate()
            }
        }
    })
