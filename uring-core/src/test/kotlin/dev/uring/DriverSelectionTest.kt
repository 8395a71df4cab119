package dev.uring

import dev.uring.base.ConfigException
import dev.uring.base.RingSetupException
import dev.uring.ring.Blocker
import dev.uring.testing.onDriver
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.util.Optional

private val seccomp = Blocker(Blocker.Kind.SECCOMP, "a seccomp filter blocks io_uring", "the container's profile")

private fun select(
    wanted: DriverChoice,
    blocker: Blocker?,
) = DriverSelection.of(wanted) { Optional.ofNullable(blocker) }

class DriverSelectionTest :
    FunSpec({
        test("the program's demand goes before the property, the property before the environment") {
            DriverSelection.wanted(DriverChoice.URING, "nio", "nio") shouldBe DriverChoice.URING
            DriverSelection.wanted(DriverChoice.AUTO, "nio", "uring") shouldBe DriverChoice.NIO
            DriverSelection.wanted(DriverChoice.AUTO, " ", "Uring") shouldBe DriverChoice.URING
            DriverSelection.wanted(DriverChoice.AUTO, null, null) shouldBe DriverChoice.AUTO
        }

        test("a driver that does not exist is refused, with the place it was asked for in") {
            shouldThrow<ConfigException> { DriverSelection.wanted(DriverChoice.AUTO, null, "epoll") }
                .message shouldBe "URING_DRIVER=epoll must be auto, uring or nio"
        }

        test("auto takes io_uring where it works and the selector where it does not") {
            select(DriverChoice.AUTO, null).chosen() shouldBe DriverChoice.URING
            select(DriverChoice.AUTO, seccomp).chosen() shouldBe DriverChoice.NIO
        }

        test("what is demanded is not asked for first") {
            for (demanded in listOf(DriverChoice.NIO, DriverChoice.URING)) {
                DriverSelection
                    .of(demanded) { error("asked") }
                    .chosen() shouldBe demanded
            }
        }

        test("rings that are refused after a small one worked make auto fall back, and a demand fail") {
            val refused =
                RingSetupException("io_uring_setup", 12, "ENOMEM", "entries=4096", "memory is short", "ulimit -l")
            select(DriverChoice.AUTO, null).insteadOf(refused).chosen() shouldBe DriverChoice.NIO
            shouldThrow<RingSetupException> { select(DriverChoice.URING, null).insteadOf(refused) } shouldBe refused
        }

        test("a runtime says what it runs on") {
            onDriver("nio") {
                UringRuntime.start(RuntimeConfig.builder().workersCount(1).build()).use {
                    it.driverName() shouldBe "nio"
                }
            }
        }
    })
