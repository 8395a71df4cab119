package dev.uring.ring

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class RingOptionsTest :
    FunSpec({
        test("the default completion queue is four times the submission queue") {
            RingOptions.defaults() shouldBe RingOptions(1024, 4096, emptySet())
            RingOptions.ofSqEntries(32).cqEntries() shouldBe 128
        }

        test("the completion queue stops at the kernel's limit") {
            RingOptions.ofSqEntries(32_768).cqEntries() shouldBe 65_536
        }

        listOf(
            (0 to 4) to "sqEntries=0 is outside 1..32768 (kernel limit IORING_MAX_ENTRIES)",
            (32_769 to 65_536) to "sqEntries=32769 is outside 1..32768 (kernel limit IORING_MAX_ENTRIES)",
            (64 to 63) to "cqEntries=63 is outside sqEntries..65536 (sqEntries=64); use at least 4 times sqEntries",
            (64 to 65_537) to
                "cqEntries=65537 is outside sqEntries..65536 (sqEntries=64); use at least 4 times sqEntries",
        ).forEach { (entries, message) ->
            test("refuses with value, bound and remedy: $message") {
                shouldThrow<IllegalArgumentException> { RingOptions(entries.first, entries.second, emptySet()) }
                    .message shouldBe message
            }
        }

        test("a size far out of bounds is refused as itself, not as an overflow of it") {
            shouldThrow<IllegalArgumentException> { RingOptions.ofSqEntries(Int.MAX_VALUE) }.message shouldBe
                "sqEntries=2147483647 is outside 1..32768 (kernel limit IORING_MAX_ENTRIES)"
        }

        test("features are avoided one by one and cannot be changed afterwards") {
            val avoided = mutableSetOf(RingFeature.NO_SQARRAY)
            val options = RingOptions(1, 4, avoided)
            avoided.clear()
            options.allows(RingFeature.NO_SQARRAY) shouldBe false
            options.allows(RingFeature.REGISTERED_RING_FD) shouldBe true
            options.without(RingFeature.REGISTERED_RING_FD).avoided() shouldBe
                setOf(RingFeature.NO_SQARRAY, RingFeature.REGISTERED_RING_FD)
        }
    })
