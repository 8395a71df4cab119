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
        }
    })
