package dev.uring.bench.measure

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class StatisticsTest :
    FunSpec({
        test("the median of an odd number of values is the middle one, whatever their order") {
            median(listOf(9.0, 1.0, 5.0)) shouldBe 5.0
        }

        test("the median of an even number of values is the mean of the two in the middle") {
            median(listOf(4.0, 1.0, 2.0, 100.0)) shouldBe 3.0
        }

        test("no values have no median") {
            shouldThrow<IllegalArgumentException> { median(emptyList()) }.message shouldBe "median of no values"
        }

        test("a spread tells median, extremes and number") {
            Spread.of(listOf(3.0, 1.0, 2.0)) shouldBe Spread(median = 2.0, min = 1.0, max = 3.0, n = 3)
        }

        test("no values have no spread") {
            Spread.of(emptyList()) shouldBe null
        }
    })
