package dev.uring.worker

import dev.uring.testing.JavaChild
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

// Far more interleavings than these models have within the checker's bound of thread switches for most of them.
private const val INVOCATIONS = 1_000

// Computing is all that it does: 34 s of it in a run of the build, on two cores with other work beside it.
private const val SECONDS_MAX = 900L

/** Mailbox, wake and hand-over under a model checker; see [mailModels] for what is played and what may come of it. */
class MailModelTest :
    FunSpec({
        test("no interleaving of senders, wakes and a worker that falls asleep has an outcome that is not permitted") {
            val child = JavaChild(MailModels::class.java, checkerOptions).run("$INVOCATIONS", seconds = SECONDS_MAX)
            withClue(child.output) {
                child.status shouldBe 0
                child.output.lines().filter { it.startsWith("held: ") } shouldContainExactly
                    mailModels.map { "held: ${it.name}" }
            }
        }
    })

// What the checker reads of the JDK, and that it may rewrite classes that are loaded.
private val checkerOptions =
    listOf(
        "-XX:+EnableDynamicAgentLoading",
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
        "--add-exports=java.base/jdk.internal.util=ALL-UNNAMED",
        "--add-exports=java.base/sun.security.action=ALL-UNNAMED",
    )
