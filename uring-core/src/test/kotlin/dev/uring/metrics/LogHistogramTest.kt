package dev.uring.metrics

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import kotlin.random.Random

class LogHistogramTest :
    FunSpec({
        test("a histogram without values answers zero everywhere") {
            val empty = LogHistogram().snapshot()
            listOf(empty.count(), empty.sum(), empty.max(), empty.quantile(0.0), empty.quantile(1.0)) shouldBe
                List(5) { 0L }
        }

        test("values are counted below powers of two exactly, zero and negative ones as zero") {
            val histogram = histogramOf(-5, 0, 1, 2, 3, 4, 1023, 1024)
            histogram.countBelow(0) shouldBe 0
            histogram.countBelow(1) shouldBe 2
            histogram.countBelow(2) shouldBe 3
            histogram.countBelow(4) shouldBe 5
            histogram.countBelow(1024) shouldBe 7
            histogram.countBelow(2048) shouldBe 8
            histogram.count() shouldBe 8
            histogram.sum() shouldBe 0 + 0 + 1 + 2 + 3 + 4 + 1023 + 1024
            histogram.max() shouldBe 1024
        }

        test("values beyond the last bucket are kept in it") {
            val histogram = histogramOf(Long.MAX_VALUE, 1L shl 50, 7)
            histogram.count() shouldBe 3
            histogram.max() shouldBe Long.MAX_VALUE
            histogram.quantile(1.0) shouldBe Long.MAX_VALUE
            histogram.quantile(0.1) shouldBe 7
        }

        test("a quantile is never below the exact one, and less than twice as large") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                val random = Random(seed)
                val values = List(10_000) { random.nextLong(1, 1L shl random.nextInt(1, 38)) }.sorted()
                val histogram = histogramOf(*values.toLongArray())
                for (part in listOf(0.001, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0)) {
                    val exact = values[(Math.ceil(part * values.size).toInt() - 1).coerceAtLeast(0)]
                    histogram.quantile(part) shouldBeInRange exact..<2 * exact
                }
            }
        }

        test("a part that is none is refused with its value") {
            shouldThrow<IllegalArgumentException> { LogHistogram().snapshot().quantile(1.5) }.message shouldBe
                "quantile of part=1.5, must be from 0 to 1"
        }
    })

private fun histogramOf(vararg values: Long): HistogramSnapshot =
    LogHistogram().also { values.forEach(it::record) }.snapshot()
