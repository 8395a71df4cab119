package dev.uring.net

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.base.UringException
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

private val ignore = ConnectionAcceptor { ConnectionHandler { _, bytes -> bytes.size() } }

class SharedPortKernelTest :
    FunSpec({
        driverTest("a port that another runtime's workers share is refused and not shared with them") {
            leavesNothingBehind {
                val config = RuntimeConfig.builder().workersCount(2).build()
                UringRuntime.start(config).use { first ->
                    UringRuntime.start(config).use { second ->
                        val port = first.listen("127.0.0.1:0", ignore).port()
                        shouldThrow<UringException> { second.listen("127.0.0.1:$port", ignore) }.message shouldBe
                            "cannot listen on 127.0.0.1:$port: EADDRINUSE (address already in use).\n" +
                            "  Likely cause: another process listens there. Stop it, or choose another port (0 lets the system choose)."
                    }
                }
            }
        }
    })
