package dev.uring.redis.codec

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class RespLimitsTest :
    FunSpec({
        test("the defaults are those of Redis") {
            RespLimits.defaults() shouldBe RespLimits(65_536, 1_048_576, 536_870_912, 1_073_741_824, 1_048_576)
        }

        test("a limit outside its bound is refused with value, bound and remedy") {
            shouldThrow<IllegalArgumentException> { RespLimits.defaults().withBulkBytesMax(127) }.message shouldBe
                "bulkBytesMax=127 is outside 128..536870912: choose a value in this range, or take RespLimits.defaults()"
            shouldThrow<IllegalArgumentException> { RespLimits.defaults().withGatherBytesMin(-1) }.message shouldBe
                "gatherBytesMin=-1 is outside 0..1073741824: choose a value in this range, or take RespLimits.defaults()"
            shouldThrow<IllegalArgumentException> { RespLimits(31, 1, 128, 128, 0) }
            shouldThrow<IllegalArgumentException> { RespLimits(32, 0, 128, 128, 0) }
            shouldThrow<IllegalArgumentException> { RespLimits(32, 1, 128, 127, 0) }
        }
    })
