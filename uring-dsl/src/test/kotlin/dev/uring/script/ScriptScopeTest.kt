package dev.uring.script

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class ScriptScopeTest :
    FunSpec({
        fun scope(vararg args: String) =
            ScriptScope(args.toList()) { name -> "value of $name".takeIf { name == "KNOWN" } }

        test("an option is given as two arguments or with an equals sign") {
            scope("--port", "7000").option("--port", default = "1") shouldBe "7000"
            scope("--port=7000").option("--port", default = "1") shouldBe "7000"
            scope("--port=").option("--port", default = "1") shouldBe ""
        }

        test("an option that is absent has its default, or is null without one") {
            scope("--porter=3").option("--port", default = "1") shouldBe "1"
            scope().option("--port") shouldBe null
        }

        test("the last one of a repeated option counts") {
            scope("--port=1", "--port", "2").option("--port") shouldBe "2"
            scope("--port", "2", "--port=1").option("--port") shouldBe "1"
        }

        test("an option without its value is refused by name") {
            shouldThrow<ScriptUsageException> { scope("--port").option("--port") }.message shouldBe
                "option --port needs a value"
        }

        test("a flag is there or not") {
            scope("--verbose").flag("--verbose") shouldBe true
            scope("--verbose=no").flag("--verbose") shouldBe false
        }

        test("the environment is read by name") {
            scope().env("KNOWN") shouldBe "value of KNOWN"
            scope().env("UNKNOWN") shouldBe null
        }
    })
