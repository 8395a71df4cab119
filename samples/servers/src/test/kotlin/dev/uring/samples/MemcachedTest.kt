package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class MemcachedTest :
    FunSpec({
        test("stores, reads and counts, and ends when it is told to") {
            ServerProcess("dev.uring.samples.MemcachedKt").use { server ->
                server.connect().use { socket ->
                    val answers = socket.getInputStream().bufferedReader()

                    fun ask(line: String): String {
                        socket.getOutputStream().write("$line\r\n".toByteArray())
                        return answers.readLine()
                    }
                    ask("set runs 0 0 1\r\n1") shouldBe "STORED"
                    ask("incr runs 41") shouldBe "42"
                    ask("mg runs v f") shouldBe "VA 2 f0"
                    answers.readLine() shouldBe "42"
                    ask("mn") shouldBe "MN"
                }
                server.terminate()
            }
        }
    })
