package dev.uring

import dev.uring.testing.kernelTest
import dev.uring.testing.leavesNothingBehind
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.time.Duration

class UringRuntimeKernelTest :
    FunSpec({
        kernelTest("shutdown ends every worker, whichever of them notices the end first") {
            leavesNothingBehind {
                repeat(50) {
                    val runtime =
                        UringRuntime.start(
                            RuntimeConfig
                                .builder()
                                .workersCount(3)
                                .pinWorkers(false)
                                .build(),
                        )
                    runtime.shutdown()
                    runtime.awaitTermination(Duration.ofSeconds(10)) shouldBe true
                }
            }
        }
    })
