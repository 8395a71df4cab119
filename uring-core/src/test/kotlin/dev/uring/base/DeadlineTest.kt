package dev.uring.base

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.time.Duration

class DeadlineTest :
    FunSpec({
        test("a deadline ahead has time left and is not past") {
            val deadline = Deadline.after(Duration.ofMinutes(10))
            deadline.isPast shouldBe false
            deadline.remainingNanos() shouldBeInRange Duration.ofMinutes(9).toNanos()..Duration.ofMinutes(10).toNanos()
        }

        test("now, no time and negative times are past, and nothing is left of them") {
            for (deadline in listOf(
                Deadline.now(),
                Deadline.afterNanos(0),
                Deadline.afterNanos(Long.MIN_VALUE),
                Deadline.after(Duration.ofSeconds(Long.MIN_VALUE)),
            )) {
                deadline.isPast shouldBe true
                deadline.remainingNanos() shouldBe 0
                deadline.remaining() shouldBe Duration.ZERO
            }
        }

        test("a time that no clock reaches is never") {
            Deadline.after(Duration.ofSeconds(Long.MAX_VALUE)) shouldBeSameInstanceAs Deadline.NEVER
            Deadline.afterNanos(Long.MAX_VALUE) shouldBeSameInstanceAs Deadline.NEVER
            Deadline.NEVER.isPast shouldBe false
            Deadline.NEVER.remainingNanos() shouldBe Long.MAX_VALUE
            Deadline.NEVER.toString() shouldBe "Deadline(never)"
        }

        test("the earlier of two is found, and never is the latest") {
            val soon = Deadline.afterNanos(1)
            val late = Deadline.after(Duration.ofDays(50_000))
            soon.orEarlier(late) shouldBeSameInstanceAs soon
            late.orEarlier(soon) shouldBeSameInstanceAs soon
            late.orEarlier(Deadline.NEVER) shouldBeSameInstanceAs late
            Deadline.NEVER.orEarlier(late) shouldBeSameInstanceAs late
            listOf(Deadline.NEVER, late, soon).sorted() shouldBe listOf(soon, late, Deadline.NEVER)
        }
    })
