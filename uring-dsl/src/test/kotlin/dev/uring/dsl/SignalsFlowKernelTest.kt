package dev.uring.dsl

import dev.uring.process.Signal
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import java.util.concurrent.TimeUnit

/** Signals that a process ignores by default; those that end it are for a process of its own. */
class SignalsFlowKernelTest :
    FunSpec({
        driverTest("each collector gets what is raised while it collects, on its worker") {
            testUring {
                val thread = Thread.currentThread()
                val one =
                    async(start = CoroutineStart.UNDISPATCHED) {
                        signals(Signal.WINCH).first().also { Thread.currentThread() shouldBe thread }
                    }
                val two =
                    async(start = CoroutineStart.UNDISPATCHED) { signals(Signal.WINCH, Signal.URG).take(2).toList() }
                raise(Signal.WINCH)
                one.await() shouldBe Signal.WINCH
                raise(Signal.URG)
                two.await() shouldBe listOf(Signal.WINCH, Signal.URG)
            }
        }

        driverTest("what comes while the collector is busy is emitted once") {
            testUring {
                val gate = CompletableDeferred<Unit>()
                val entered = CompletableDeferred<Unit>()
                val seen = ArrayList<Signal>()
                val collecting =
                    launch(start = CoroutineStart.UNDISPATCHED) {
                        signals(Signal.WINCH, Signal.URG).collect {
                            seen += it
                            entered.complete(Unit)
                            gate.await()
                        }
                    }
                val others = async(start = CoroutineStart.UNDISPATCHED) { signals(Signal.WINCH).take(3).toList() }
                raise(Signal.WINCH)
                entered.await()
                val last = async(start = CoroutineStart.UNDISPATCHED) { signals(Signal.URG).first() }
                repeat(2) {
                    val told = async(start = CoroutineStart.UNDISPATCHED) { signals(Signal.WINCH).first() }
                    raise(Signal.WINCH)
                    told.await()
                }
                raise(Signal.URG)
                last.await()
                others.await().size shouldBe 3
                gate.complete(Unit)
                while (seen.size < 3) kotlinx.coroutines.delay(1)
                seen shouldBe listOf(Signal.WINCH, Signal.URG, Signal.WINCH)
                collecting.cancel()
            }
        }

        driverTest("one that cannot be observed, or a thread that is no worker, is refused with the reason") {
            testUring {
                shouldThrow<IllegalArgumentException> { signals(Signal.SEGV).first() }.message!! shouldContain
                    "signal SEGV cannot be observed: the virtual machine uses it"
                withContext(Dispatchers.IO) {
                    shouldThrow<IllegalStateException> { signals(Signal.HUP).first() }.message!! shouldContain
                        "signals are collected on a worker"
                }
            }
        }

        driverTest("a program that collects TERM goes on, and TERM ends it in order once nobody collects it any more") {
            withContext(Dispatchers.IO) {
                val process = startChildProgram("collect-term")
                try {
                    val output = process.inputReader()
                    output.readLine() shouldBe "collecting"
                    kill(process, "TERM")
                    output.readLine() shouldBe "TERM was told, and the server still answers: pong"
                    kill(process, "HUP")
                    output.readLine() shouldBe "HUP was told"
                    output.readLine() shouldBe "given back"
                    kill(process, "TERM")
                    output.readLine() shouldBe "block ended"
                    process.waitFor(20, TimeUnit.SECONDS) shouldBe true
                    process.exitValue() shouldBe 143
                } finally {
                    process.destroyForcibly()
                }
            }
        }

        driverTest("a collector of TERM that calls shutdown ends the program normally") {
            withContext(Dispatchers.IO) {
                val process = startChildProgram("shutdown-on-term")
                try {
                    val output = process.inputReader()
                    output.readLine() shouldBe "collecting"
                    kill(process, "TERM")
                    output.readLine() shouldBe "block ended"
                    process.waitFor(20, TimeUnit.SECONDS) shouldBe true
                    process.exitValue() shouldBe 0
                } finally {
                    process.destroyForcibly()
                }
            }
        }
    })

private suspend fun raise(signal: Signal) =
    withContext(Dispatchers.IO) {
        check(ProcessBuilder("kill", "-$signal", "${ProcessHandle.current().pid()}").start().waitFor() == 0)
    }
