package dev.uring.launcher

import com.github.ajalt.clikt.testing.test
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith

class CommandLineTest :
    FunSpec({
        test("help names every command for users, and no other") {
            val help = uringCommand().test("--help").output

            help shouldContain "run "
            help shouldContain "doctor "
            help shouldContain "soak "
            help.contains("compile ") shouldBe false
        }

        test("an unknown command is an error") {
            uringCommand().test("rum").statusCode shouldBe 1
        }

        test("doctor shows a table, or one JSON object") {
            val home = tempdir().toPath()
            val table = ChildProcess(home, emptyMap(), "doctor").use { it.await() }
            val json = ChildProcess(home, emptyMap(), "doctor", "--json").use { it.await() }

            table.out shouldContain Regex("kernel +${Regex.escape(System.getProperty("os.version"))}")
            json.out shouldStartWith "{\"usable\":"
            json.out.lines().size shouldBe 1
            json.status shouldBe table.status
            // It says what the status says, and the driver chosen for others changes neither.
            json.out.startsWith("{\"usable\":true") shouldBe (json.status == 0)
            ChildProcess(home, mapOf("URING_DRIVER" to "nio"), "doctor").use { it.await() }.status shouldBe table.status
        }

        test("doctor ends with 1 where io_uring cannot be used, and says why in both forms") {
            val home = tempdir().toPath()
            val elsewhere = mapOf("JAVA_TOOL_OPTIONS" to "-Dos.name=Elsewhere")
            val table = ChildProcess(home, elsewhere, "doctor").use { it.await() }
            val json = ChildProcess(home, elsewhere, "doctor", "--json").use { it.await() }

            table.status shouldBe 1
            table.out shouldContain "io_uring is blocked: io_uring needs Linux"
            json.status shouldBe 1
            json.out shouldStartWith "{\"usable\":false,\"verdict\":\"io_uring is blocked: io_uring needs Linux"
        }
    })
