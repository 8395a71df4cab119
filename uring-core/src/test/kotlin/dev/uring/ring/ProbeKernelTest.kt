package dev.uring.ring

import dev.uring.abi.Errno
import dev.uring.abi.IoUring
import dev.uring.base.RingSetupException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import java.nio.file.Path

class ProbeKernelTest :
    FunSpec({
        kernelTest("finds every required ability and opcode on a usable kernel") {
            Capability.entries.filter { it.required() && !kernel.has(it) } shouldBe emptyList()
            Opcode.entries.filter { it.required() && !kernel.hasOpcode(it.number()) } shouldBe emptyList()
        }

        kernelTest("finds no opcode that cannot exist") {
            kernel.hasOpcode(255) shouldBe false
        }

        kernelTest("reads the release that the kernel reports") {
            kernel.kernelRelease() shouldBe Files.readString(Path.of("/proc/sys/kernel/osrelease")).trim()
        }

        kernelTest("leaves no ring behind") {
            Probe.run()
            val before = ringDescriptorsCount()
            repeat(10) { Probe.run() }
            ringDescriptorsCount() shouldBe before
        }

        kernelTest("asked through a live ring gives the same answer and disturbs nothing") {
            withRing { ring ->
                ring.newBufferRing(0, 8, 4096, 0)
                ring.newDirectDescriptors(8)
                ring.queue(userData = 5) { it.prepNop() }
                val asked = ring.probe()
                asked.available() shouldBe true
                Capability.entries.filter { asked.has(it) != kernel.has(it) } shouldBe emptyList()
                ring.await(1).single().userData shouldBe 5
            }
        }

        kernelTest("works from a virtual thread") {
            var available = false
            Thread.ofVirtual().start { available = Probe.run().available() }.join()
            available shouldBe true
        }

        kernelTest("keeps the caller's interrupt") {
            Thread.currentThread().interrupt()
            Probe.run().available() shouldBe true
            Thread.interrupted() shouldBe true
        }

        kernelTest("names seccomp when a filter forbids io_uring_setup") {
            val probe = withSystemCallRefused(IoUring.SYS_IO_URING_SETUP, Errno.EPERM) { Probe.run() }
            probe.available() shouldBe false
            probe.blocker().get() shouldBe
                Blocker(
                    Blocker.Kind.SECCOMP,
                    "a seccomp filter blocks io_uring",
                    "the container's seccomp profile must allow io_uring_setup, io_uring_enter and io_uring_register",
                )
            Capability.entries.none(probe::has) shouldBe true
        }

        kernelTest("names seccomp when a filter pretends the call does not exist") {
            val probe = withSystemCallRefused(IoUring.SYS_IO_URING_SETUP, Errno.ENOSYS) { Probe.run() }
            probe.blocker().get().kind() shouldBe Blocker.Kind.SECCOMP
        }

        kernelTest("notices that enter alone is forbidden") {
            val probe = withSystemCallRefused(IoUring.SYS_IO_URING_ENTER, Errno.EPERM) { Probe.run() }
            probe.blocker().get().kind() shouldBe Blocker.Kind.SECCOMP
        }

        kernelTest("a ring under a filter is refused with cause and remedy") {
            val refusal =
                withSystemCallRefused(IoUring.SYS_IO_URING_SETUP, Errno.EPERM) {
                    shouldThrow<RingSetupException> { Ring.create(RingOptions.defaults()) }
                }
            refusal.errno() shouldBe Errno.EPERM
            refusal.message shouldBe
                """
                io_uring_setup failed: errno=1 (EPERM), entries=1024, cqEntries=4096, flags=R_DISABLED|SINGLE_ISSUER|DEFER_TASKRUN|CQSIZE|SUBMIT_ALL|CLAMP.
                  Likely cause: a seccomp filter blocks io_uring. Check: the container's seccomp profile must allow io_uring_setup, io_uring_enter and io_uring_register.
                """.trimIndent()
        }
    })
