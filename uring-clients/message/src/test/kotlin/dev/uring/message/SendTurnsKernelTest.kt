package dev.uring.message

import dev.uring.dsl.dispatcher
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeStrictlyIncreasing
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

class SendTurnsKernelTest :
    FunSpec({
        needsKernel()

        test(
            "one after the other sends what a turn may have, in the order of their coming, each in a turn of its own",
        ) {
            onWorker { line ->
                List(3) { line.sender(this, it, messages = 512, bytesEach = 1) }.joinAll()
                line.wentOn shouldBe listOf(0, 1, 2, 0, 1, 2)
                line.turnsOfLoop.shouldBeStrictlyIncreasing()
            }
        }

        test("large messages fill a turn by their bytes") {
            onWorker { line ->
                List(3) { line.sender(this, it, messages = 4, bytesEach = 64 shl 10) }.joinAll()
                line.wentOn shouldBe listOf(0, 1, 2, 0, 1, 2)
                line.turnsOfLoop.shouldBeStrictlyIncreasing()
            }
        }

        test("those who send little go on together") {
            onWorker { line ->
                List(3) { line.sender(this, it, messages = 1, bytesEach = 1) }.joinAll()
                line.turnsOfLoop.toSet().size shouldBe 2
            }
        }

        test("one that is cancelled leaves the line, and its place is given to one other only") {
            onWorker { line ->
                val senders = List(3) { line.sender(this, it, messages = 512, bytesEach = 1) }
                senders[1].cancelAndJoin()
                val late = List(2) { line.sender(this, 3 + it, messages = 512, bytesEach = 1) }
                withTimeout(PATIENCE) { (senders + late).joinAll() }
                line.wentOn.sorted() shouldBe listOf(0, 0, 2, 2, 3, 3, 4, 4)
            }
        }

        test("who never stands in line does not keep the others in it") {
            onWorker { line ->
                line.crowd()
                line.sender(this, 0, messages = 1, bytesEach = 1).join()
                line.crowdedTurnsLeft shouldBeGreaterThan 0
                line.crowdedTurnsLeft = 0
            }
        }
    })

private class Line(
    val worker: dev.uring.worker.Worker,
) {
    private val turns = SendTurns(worker)
    private val outbox = Outbox(worker)
    val wentOn = ArrayList<Int>()
    val turnsOfLoop = ArrayList<Long>()
    var crowdedTurnsLeft = 100

    /** Stands in line twice, and sends each time that it is its turn. */
    fun sender(
        scope: CoroutineScope,
        name: Int,
        messages: Int,
        bytesEach: Int,
    ): Job =
        scope.launch(start = CoroutineStart.UNDISPATCHED) {
            repeat(2) {
                suspendCoroutineUninterceptedOrReturn { outbox.park(it, turns, needsRoom = false) }
                wentOn += name
                turnsOfLoop += worker.counters().turns
                repeat(messages) { turns.sent(bytesEach) }
            }
        }

    /** Uses turns up before those in line are asked, one after the other. */
    fun crowd() {
        repeat(600) { turns.sent(1) }
        if (--crowdedTurnsLeft > 0) worker.execute(::crowd)
    }
}

private fun onWorker(block: suspend CoroutineScope.(Line) -> Unit) =
    withEngine(workers = 1) {
        val worker = engine.create().home
        withContext(worker.dispatcher) { block(Line(worker)) }
    }
