package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.Socket

class ShoutServerTest :
    FunSpec({
        test("lines come back in capitals, however they are cut, and are counted over all workers") {
            ServerProcess("dev.uring.samples.ShoutServerKt").use { server ->
                repeat(8) { number ->
                    server.connect().use { socket ->
                        socket.say("hel", "lo ", "$number\nand")
                        socket.say("again\n")
                        val answers = socket.getInputStream().bufferedReader()
                        answers.readLine() shouldBe "HELLO $number!"
                        answers.readLine() shouldBe "ANDAGAIN!"
                        socket.say("\n")
                        answers.readLine() shouldBe "${2 * number + 2} lines so far"
                    }
                }
                server.terminate()
            }
        }
    })

private fun Socket.say(vararg parts: String) = parts.forEach { getOutputStream().write(it.toByteArray()) }
