package dev.uring.script

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.io.path.Path

class ScriptMessageTest :
    FunSpec({
        val script = ScriptText(Path("dir/a.uring.kts"), "val a = 1\n\ttpc(a)\n\n")

        test("a message with a place quotes the line and marks the column, under tabs too") {
            ScriptMessage("error", "unresolved reference 'tpc'", line = 2, column = 2).render(script) shouldBe
                "dir/a.uring.kts:2:2: error: unresolved reference 'tpc'\n\ttpc(a)\n\t^"
        }

        test("a message with a line only quotes it without a mark") {
            ScriptMessage("error", "boom", line = 1, column = null).render(script) shouldBe
                "dir/a.uring.kts:1: error: boom\nval a = 1"
        }

        test("a message about an empty line, about a line outside the text or about none quotes nothing") {
            ScriptMessage("error", "boom", line = 3, column = 1).render(script) shouldBe
                "dir/a.uring.kts:3:1: error: boom"
            ScriptMessage("error", "boom", line = 99, column = 1).render(script) shouldBe
                "dir/a.uring.kts:99:1: error: boom"
            ScriptMessage("warning", "boom", line = null, column = null).render(script) shouldBe
                "dir/a.uring.kts: warning: boom"
        }
    })
