package dev.uring.sim.planted

import dev.uring.sim.planted.Mutant.Companion.beginningWith
import dev.uring.sim.planted.Mutant.Companion.withoutCall
import dev.uring.sim.planted.Mutant.Companion.withoutStore
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.lang.constant.ClassDesc
import java.lang.constant.ConstantDescs
import java.lang.constant.MethodTypeDesc

/** As many as the build runs of each scenario. */
private const val SEEDS = 60L

/** A law of the library, a bug that breaks it, and what the simulation says of it. */
internal class Planted(
    val law: String,
    val bug: String,
    val scenario: String,
    val finding: String,
    val mutant: Mutant,
)

private const val NET = "dev.uring.net"
private const val WORKER = "dev.uring.worker"

internal val planted =
    listOf(
        Planted(
            "memory is the kernel's until it lets go of it",
            "a zero-copy send gives its memory back with its answer",
            "handover",
            "memory of a send was changed before the kernel let go of it",
            beginningWith("$NET.SendQueue", "sent") {
                aconst_null()
                astore(parameterSlot(1))
            },
        ),
        Planted(
            "a stream has one send under way",
            "the send under way is not remembered",
            "echo",
            "asked for twice: send",
            withoutStore("$NET.SendPath", "ask", "asked"),
        ),
        Planted(
            "a descriptor is closed after the last answer that names it",
            "the close does not wait for the receive",
            "churn",
            "is closed before the last answer that names it: receive",
            withoutCall("$NET.ConnectionLifecycle", "finishRelease", "isUnderWay"),
        ),
        Planted(
            "short sends happen",
            "a short send is taken for a whole one",
            "echo",
            "is not the one that was sent",
            beginningWith("$NET.SendQueue", "sent") {
                aload(0)
                invokevirtual(ClassDesc.of("$NET.SendQueue"), "inFlightBytes", MethodTypeDesc.of(ConstantDescs.CD_long))
                lstore(parameterSlot(0))
            },
        ),
        Planted(
            "a multishot may end at any answer",
            "a receive that ended is not asked for again",
            "echo",
            "did not happen",
            withoutCall("$NET.ReceivePath", "stopped", "arm"),
        ),
        Planted(
            "a cancellation is a request",
            "what arrives while a receive is being cancelled is dropped",
            "slow",
            "is not the one that was sent",
            beginningWith("$NET.ReceivePath", "received", parametersCount = 2) {
                val goesOn = newLabel()
                aload(0)
                getfield(ClassDesc.of("$NET.ReceivePath"), "isCancelling", ConstantDescs.CD_boolean)
                ifeq(goesOn)
                return_()
                labelBinding(goesOn)
            },
        ),
        Planted(
            "a socket that nobody claims is closed",
            "an attempt that is given up leaves its socket open",
            "race",
            "are left open: stream",
            withoutCall("$NET.ConnectAttempt", "answered", "closeNow"),
        ),
        Planted(
            "an accepted connection that comes too late is closed",
            "a listener that is closing forgets what it accepts",
            "race",
            "are left open: stream",
            withoutCall("$NET.WorkerListener", "accepted", "closeNow"),
        ),
        Planted(
            "every queue has a bound",
            "a send queue takes more than its bound",
            "flood",
            "bytes are unsent of at most",
            beginningWith("$NET.SendQueue", "checkRoom") { return_() },
        ),
        Planted(
            "a reader that pauses is left alone",
            "a handler that has paused is offered bytes",
            "slow",
            "bytes are offered to a handler that has paused",
            withoutStore("$NET.ReceivePath", "pause", "isPaused"),
        ),
        Planted(
            "a reader that pauses holds its peer back",
            "the kernel is not asked to stop",
            "slow",
            "are kept for a handler that has paused",
            beginningWith("$NET.ReceivePath", "stopIfKeptFull") { return_() },
        ),
        Planted(
            "what user code throws ends its connection",
            "a handler's exception is swallowed",
            "panic",
            "the stream ended after",
            withoutCall("$NET.ReceivePath", "received", "fail"),
        ),
        Planted(
            "a message wakes its worker",
            "a sleeping worker is not woken",
            "mail",
            "every message has come did not happen",
            withoutCall("$WORKER.MailRoom", "take", "wakeIfSleeping"),
        ),
        Planted(
            "messages keep their order",
            "a message overtakes those that found no room",
            "mail",
            "comes after",
            beginningWith("$WORKER.Outbox", "holdsFor") {
                iconst_0()
                ireturn()
            },
        ),
        Planted(
            "a timer never fires early",
            "a deadline is rounded down to a tick",
            "time",
            "ns early",
            beginningWith("$WORKER.TimerWheel", "ceilTick") {
                lload(0)
                loadConstant(18)
                lushr()
                lreturn()
            },
        ),
        Planted(
            "every block is given back",
            "a carry is forgotten",
            "slow",
            "blocks held",
            withoutCall("$NET.ReceivePath", "releaseCarry", "release"),
        ),
        Planted(
            "every receive buffer is given back",
            "a buffer that was passed on is kept",
            "relay",
            "receive buffers held",
            withoutCall("$NET.SendQueue", "release", "releaseRetained"),
        ),
    )

class PlantedBugSimulationTest :
    FunSpec({
        for (bug in planted) {
            test("${bug.law}: found, where ${bug.bug}") {
                val found = PlantedRun(bug.mutant).firstFinding(bug.scenario, SEEDS)
                withClue("no seed up to $SEEDS finds it") { found.shouldNotBeNull() shouldContain bug.finding }
            }
        }

        test("a copy without a bug finds none") {
            val harmless = beginningWith("$NET.SendQueue", "sent") { nop() }
            for (scenario in planted.map { it.scenario }.distinct()) {
                PlantedRun(harmless).firstFinding(scenario, SEEDS / 10) shouldBe null
            }
        }

        test("a bug that fits no code is refused") {
            val nowhere = withoutCall("$NET.SendQueue", "sent", "noSuchMethod")
            shouldThrow<IllegalStateException> { PlantedRun(nowhere).loadClass("$NET.SendQueue") }.message shouldContain
                "nothing to change in dev.uring.net.SendQueue.sent"
        }
    })
