package dev.uring.base

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class RingSetupExceptionTest :
    FunSpec({
        val exception =
            RingSetupException(
                "io_uring_setup",
                1,
                "EPERM",
                "entries=4096, flags=SINGLE_ISSUER|DEFER_TASKRUN",
                "io_uring is disabled (kernel.io_uring_disabled=2)",
                "sysctl kernel.io_uring_disabled=0 allows it",
            )

        test("the message says what happened, with its numbers, why, and what to do") {
            exception.message shouldBe
                """
                io_uring_setup failed: errno=1 (EPERM), entries=4096, flags=SINGLE_ISSUER|DEFER_TASKRUN.
                  Likely cause: io_uring is disabled (kernel.io_uring_disabled=2). Check: sysctl kernel.io_uring_disabled=0 allows it.
                """.trimIndent()
        }

        test("the same facts are fields") {
            exception.operation() shouldBe "io_uring_setup"
            exception.errno() shouldBe 1
            exception.parameters() shouldBe "entries=4096, flags=SINGLE_ISSUER|DEFER_TASKRUN"
            exception.likelyCause() shouldBe "io_uring is disabled (kernel.io_uring_disabled=2)"
            exception.remedy() shouldBe "sysctl kernel.io_uring_disabled=0 allows it"
        }
    })
