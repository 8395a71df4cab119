package dev.uring

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.TimeUnit

class ShutdownHooksTest :
    FunSpec({
        test("a phase ends when its hooks have, and a hook that was taken back does not run") {
            val hooks = ShutdownHooks { _, _, _ -> error("no driver is needed") }
            val slow = CompletableFuture<Void?>()
            val ran = ConcurrentLinkedQueue<String>()
            hooks.add(ShutdownPhase.DRAIN, "slow") {
                ran += "slow"
                slow
            }
            hooks
                .add(ShutdownPhase.DRAIN, "gone") {
                    ran += "gone"
                    done()
                }.close()
            val phase = hooks.run(ShutdownPhase.DRAIN, LONG_NANOS)
            phase.isDone shouldBe false
            slow.complete(null)
            phase.get(20, TimeUnit.SECONDS)
            ran.toList() shouldBe listOf("slow")
        }

        test("hooks that throw, fail or never end hold up nothing beyond the deadline") {
            val hooks = ShutdownHooks { _, _, _ -> error("no driver is needed") }
            hooks.add(ShutdownPhase.CLOSE, "throws") { error("thrown by a test") }
            hooks.add(ShutdownPhase.CLOSE, "fails") { CompletableFuture.failedFuture<Void>(Exception("by a test")) }
            hooks.add(ShutdownPhase.CLOSE, "hangs") { CompletableFuture<Void>() }
            hooks.run(ShutdownPhase.CLOSE, TimeUnit.MILLISECONDS.toNanos(20)).get(20, TimeUnit.SECONDS)
        }

        test("a hook for a phase that has begun is refused, with what to do") {
            val hooks = ShutdownHooks { _, _, _ -> error("no driver is needed") }
            hooks.run(ShutdownPhase.DRAIN, LONG_NANOS)
            shouldThrow<IllegalStateException> { hooks.add(ShutdownPhase.DRAIN, "late") { done() } }.message shouldBe
                """
                cannot register 'late' for DRAIN: the shutdown has reached DRAIN.
                  Likely cause: it is registered by work that the shutdown has begun to end. Register at the start, or for a later phase.
                """.trimIndent()
            hooks.add(ShutdownPhase.CANCEL, "in time") { done() }
        }
    })

private val LONG_NANOS = Duration.ofMinutes(1).toNanos()

private fun done(): CompletionStage<Void?> = CompletableFuture.completedFuture(null)
