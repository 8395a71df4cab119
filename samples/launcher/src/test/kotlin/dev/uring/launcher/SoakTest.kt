package dev.uring.launcher

import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.runBlocking
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private const val MIB = 1L shl 20

private fun report(vararg resident: Long) =
    SoakReport("nio", 60.0, 1, 1, resident.mapIndexed { i, bytes -> SoakSample(i * 10.0, bytes, 20 + i) }, 0)

class SoakTest :
    FunSpec({
        for (driver in listOf("uring", "nio")) {
            test("a short soak on $driver exchanges messages, holds nothing at its end and says how it grew") {
                val home = tempdir().toPath()
                // Its time runs while its workers start, which takes a while in a new JVM on a busy machine.
                val arguments = arrayOf("soak", "--minutes", "0.1", "--clients", "8", "--json", "--driver", driver)
                val done = ChildProcess(home, emptyMap(), *arguments).use { it.await() }
                done.err shouldContain "again with --seed "
                done.out shouldStartWith "{\"driver\":\"$driver\",\"seconds\":"
                done.out shouldContain Regex(""""exchanges":[1-9]\d*,"connections":[1-9]""")
                done.out shouldContain "\"heldAtEnd\":0"
                done.status shouldBe 0
            }
        }

        test("clients that rest between exchanges do no more of them than fit between the rests") {
            val report = runBlocking { Soak(1.seconds, clientsCount = 2, seed = 1, pause = 250.milliseconds).run() }
            report.exchanges shouldBeInRange 0L..2 * (1 + 4L)
            report.heldAtEnd shouldBe 0
        }

        test("the slope is that of the second half, in bytes per hour") {
            // 1 MiB in ten seconds, after a start that took much more.
            report(0, 500 * MIB, 600 * MIB, 601 * MIB, 602 * MIB, 603 * MIB).residentBytesPerHour shouldBe
                (360.0 * MIB plusOrMinus 1.0)
            report(900 * MIB, 100 * MIB, 100 * MIB, 100 * MIB).residentBytesPerHour shouldBe 0.0
        }

        test("descriptors are compared with those at the half, and both forms tell the same") {
            val report = report(MIB, MIB, MIB, MIB)
            report.descriptorsGained shouldBe 1
            report.toText() shouldContain "descriptors gained  1"
            report.toJson() shouldContain "\"descriptorsGained\":1"
        }
    })
