package dev.uring.message

import dev.uring.dsl.dispatcher
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeStrictlyIncreasing
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
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

        test("one that is cancelled leaves the line, and the next ones move up") {
            onWorker { line ->
                val senders = List(3) { line.sender(this, it, messages = 512, bytesEach = 1) }
                senders[1].cancelAndJoin()
                senders.joinAll()
                line.wentOn shouldBe listOf(0, 2, 0, 2)
            }
        }

        test("who never stands in line does not keep the others in it") {
            onWorker { line ->
                val sender = line.sender(this, 0, messages = 1, bytesEach = 1)
                val crowd = Runnable { line.fill() }
                line.worker.addTick(crowd)
                sender.join()
                line.worker.removeTick(crowd)
                line.wentOn shouldBe listOf(0, 0)
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

    /** Uses the turn up. */
    fun fill() = repeat(600) { turns.sent(1) }
}

private fun onWorker(block: suspend CoroutineScope.(Line) -> Unit) =
    withEngine(workers = 1) {
        val worker = engine.create().home
        withContext(worker.dispatcher) { block(Line(worker)) }
    }
