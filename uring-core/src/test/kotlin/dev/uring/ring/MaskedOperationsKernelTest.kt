package dev.uring.ring

import dev.uring.abi.IoUring
import dev.uring.ffi.IoUringSyscalls
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.lang.foreign.Arena
import java.lang.foreign.ValueLayout.JAVA_BYTE
import java.lang.foreign.ValueLayout.JAVA_SHORT

/**
 * Single operations masked for real: the kernel forbids them to a ring by IORING_REGISTER_RESTRICTIONS, which a filter of
 * system calls cannot. The kernel's table of operations still lists them, so only trying tells.
 */
class MaskedOperationsKernelTest :
    FunSpec({
        kernelTest("a ring on which everything is allowed by name is as good as one without rules") {
            val probe = probeWithout(null)
            probe.blocker().map { it.cause() }.orElse("") shouldBe ""
            Capability.entries.filter { it.required() && !probe.has(it) } shouldBe emptyList()
        }

        kernelTest("each required operation that is masked keeps io_uring from being used, and is named") {
            for (masked in Opcode.entries.filter { it.required() && it != Opcode.NOP }) {
                withClue(masked) {
                    val probe = probeWithout(masked)
                    probe.available() shouldBe false
                    probe.hasOpcode(masked.number()) shouldBe false
                    probe.blocker().get().cause() shouldContain "operation ${masked.name}"
                    Opcode.entries.filter { it.required() && it != masked && !probe.hasOpcode(it.number()) } shouldBe
                        emptyList()
                }
            }
        }

        kernelTest("a ring that may not even do nothing is not used, as one that is forbidden") {
            val probe = probeWithout(Opcode.NOP)
            probe.available() shouldBe false
            probe.blocker().get().kind() shouldBe Blocker.Kind.SECCOMP
        }

        kernelTest("an operation that nothing depends on may be masked") {
            probeWithout(Opcode.SEND_ZC).available() shouldBe true
        }
    })

private fun probeWithout(masked: Opcode?): Probe =
    Probe.runRing(KernelSettings.read()) { ring ->
        restrict(ring) { it != masked?.number() }
        ring.enable()
    }

// <linux/io_uring.h>
private const val REGISTER_RESTRICTIONS = 11
private const val RESTRICTION_BYTES = 16L
private const val REGISTER_OP: Short = 0
private const val SQE_OP: Short = 1
private const val SQE_FLAGS_ALLOWED: Short = 2
private const val EVERY_FLAG = 0x7f
private const val OPCODES_MAX = 256

// What the probe and a driver register; every kernel that this library uses has them.
private val registered =
    listOf(
        IoUring.IORING_REGISTER_PROBE,
        IoUring.IORING_REGISTER_ENABLE_RINGS,
        IoUring.IORING_REGISTER_FILES2,
        IoUring.IORING_UNREGISTER_FILES,
        IoUring.IORING_REGISTER_FILE_ALLOC_RANGE,
        IoUring.IORING_REGISTER_RING_FDS,
        IoUring.IORING_UNREGISTER_RING_FDS,
        IoUring.IORING_REGISTER_PBUF_RING,
        IoUring.IORING_UNREGISTER_PBUF_RING,
    )

private fun restrict(
    ring: Ring,
    isAllowed: (Int) -> Boolean,
) = Arena.ofConfined().use { arena ->
    val operations = (0 until OPCODES_MAX).filter { kernel.hasOpcode(it) && isAllowed(it) }
    val rules =
        registered.map { REGISTER_OP to it } + operations.map { SQE_OP to it } + (SQE_FLAGS_ALLOWED to EVERY_FLAG)
    val memory = arena.allocate(rules.size * RESTRICTION_BYTES, Long.SIZE_BYTES.toLong())
    rules.forEachIndexed { index, (kind, value) ->
        memory.set(JAVA_SHORT, index * RESTRICTION_BYTES, kind)
        memory.set(JAVA_BYTE, index * RESTRICTION_BYTES + Short.SIZE_BYTES, value.toByte())
    }
    check(IoUringSyscalls.register(ring.fd(), REGISTER_RESTRICTIONS, memory, rules.size) == 0) { "rules refused" }
}
