package dev.uring.process

import dev.uring.UringRuntime
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.await
import dev.uring.testing.block
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.smallConfig
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.util.EnumSet
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** With signals that a process ignores by default: a test that fails must not end the build. */
class SignalsKernelTest :
    FunSpec({
        driverTest("each subscription is told of each signal, on its worker") {
            withRuntime { runtime ->
                val first = LinkedBlockingQueue<String>()
                val second = LinkedBlockingQueue<String>()
                val worker = runtime.worker(0)
                val subscriptions =
                    listOf(
                        Signals.subscribe(worker, EnumSet.of(Signal.WINCH, Signal.URG)) {
                            first += "$it ${Thread.currentThread().name}"
                        },
                        Signals.subscribe(worker, EnumSet.of(Signal.WINCH)) { second += "$it" },
                    )
                raise(Signal.WINCH)
                first.next() shouldBe "WINCH uring-worker-0"
                second.next() shouldBe "WINCH"
                raise(Signal.URG)
                first.next() shouldBe "URG uring-worker-0"
                subscriptions[0].close()
                subscriptions[0].close()
                raise(Signal.WINCH)
                second.next() shouldBe "WINCH"
                first.size shouldBe 0
                subscriptions[1].close()
            }
        }

        driverTest("one that is raised again before it was told is told once, and several in their order") {
            withRuntime { runtime ->
                val told = LinkedBlockingQueue<String>()
                val signals = EnumSet.of(Signal.WINCH, Signal.URG, Signal.CONT)
                Signals.subscribe(runtime.worker(0), signals) { told += "$it" }.use {
                    val raised = AtomicInteger()
                    // A second subscription, on another worker, says when the virtual machine has passed them on.
                    Signals.subscribe(runtime.worker(1), signals) { raised.incrementAndGet() }.use {
                        val gate = runtime.worker(0).block()
                        val order = listOf(Signal.WINCH, Signal.URG, Signal.WINCH, Signal.CONT)
                        order.forEachIndexed { index, signal ->
                            raise(signal)
                            await { raised.get() == index + 1 }
                        }
                        gate.countDown()
                        List(3) { told.next() } shouldContainExactly listOf("CONT", "URG", "WINCH")
                        runtime.worker(0).call { told.size } shouldBe 0
                    }
                }
            }
        }

        driverTest("the handler before is put back when the last subscription ends, also by its worker's end") {
            val before = LinkedBlockingQueue<String>()
            val theirs = sun.misc.SignalHandler { before += it.name }
            val original = sun.misc.Signal.handle(sun.misc.Signal("WINCH"), theirs)
            try {
                withRuntime { runtime ->
                    val told = LinkedBlockingQueue<String>()
                    val subscription = Signals.subscribe(runtime.worker(0), EnumSet.of(Signal.WINCH)) { told += "$it" }
                    raise(Signal.WINCH)
                    told.next() shouldBe "WINCH"
                    before.size shouldBe 0
                    subscription.close()
                    raise(Signal.WINCH)
                    before.next() shouldBe "WINCH"
                    Signals.subscribe(runtime.worker(0), EnumSet.of(Signal.WINCH)) { told += "$it" }
                }
                raise(Signal.WINCH)
                before.next() shouldBe "WINCH"
            } finally {
                sun.misc.Signal.handle(sun.misc.Signal("WINCH"), original)
            }
        }

        driverTest("what a listener throws is counted, and it is told on") {
            withRuntime { runtime ->
                val told = LinkedBlockingQueue<String>()
                val worker = runtime.worker(0)
                Signals
                    .subscribe(worker, EnumSet.of(Signal.WINCH)) {
                        told += "$it"
                        error("thrown by the test")
                    }.use {
                        repeat(2) {
                            raise(Signal.WINCH)
                            told.next() shouldBe "WINCH"
                        }
                        await { worker.snapshot().failures() == 2L }
                    }
            }
        }

        driverTest("a signal that the kernel or the virtual machine keeps is refused with the reason") {
            withRuntime { runtime ->
                val worker = runtime.worker(0)
                for (signal in listOf(Signal.SEGV, Signal.KILL, Signal.QUIT, Signal.USR2, Signal.STOP)) {
                    val refusal =
                        shouldThrow<IllegalArgumentException> {
                            Signals.subscribe(worker, EnumSet.of(Signal.WINCH, signal)) {}
                        }
                    refusal.message shouldBe
                        "signal $signal cannot be observed: ${signal.whyNotObservable().get()}.\n" +
                        "  Signals for programs are HUP, INT, TERM and USR1."
                }
                shouldThrow<IllegalArgumentException> {
                    Signals.subscribe(worker, EnumSet.noneOf(Signal::class.java)) {}
                }.message!! shouldStartWith "no signal to subscribe to"
            }
        }

        test("whatever is not kept can be observed here, or the virtual machine's reason is told") {
            for (signal in Signal.entries.filter { it.whyNotObservable().isEmpty }) {
                val refusal =
                    runCatching {
                        val before = JvmSignals.handle(signal.name, JvmSignals.handler {})
                        JvmSignals.handle(signal.name, before)
                    }.exceptionOrNull()
                // Only what one virtual machine or another has a use for.
                if (refusal != null) println("$signal: ${refusal.message}")
                (refusal == null || refusal is IllegalArgumentException) shouldBe true
                if (signal in setOf(Signal.HUP, Signal.INT, Signal.TERM, Signal.USR1)) refusal shouldBe null
            }
        }

        test("names are those of configuration files, and numbers those of the kernel") {
            listOf("HUP", "SIGHUP", "sighup").map(Signal::of) shouldContainExactly List(3) { Signal.HUP }
            shouldThrow<IllegalArgumentException> { Signal.of("SIGFOO") }.message!! shouldContain
                "no signal has the name 'SIGFOO'.\n  Names: HUP INT QUIT "
            Signal.entries.map { it.number() } shouldContainExactly (1..31).toList()
            Signal.ofNumber(15).get() shouldBe Signal.TERM
            Signal.ofNumber(34).isEmpty shouldBe true
        }
    })

private fun LinkedBlockingQueue<String>.next(): String =
    poll(PATIENCE_SECONDS, TimeUnit.SECONDS) ?: error("nothing came")

private fun raise(signal: Signal) =
    check(ProcessBuilder("kill", "-$signal", "${ProcessHandle.current().pid()}").start().waitFor() == 0)

private fun withRuntime(body: (UringRuntime) -> Unit) =
    leavesNothingBehind {
        val runtime = UringRuntime.start(smallConfig().workersCount(2).build())
        try {
            body(runtime)
        } finally {
            runtime.closeInTime()
        }
    }
