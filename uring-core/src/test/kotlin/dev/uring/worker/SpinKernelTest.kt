package dev.uring.worker

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.base.ConfigException
import dev.uring.net.ConnectionHandler
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.receiveText
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.LockSupport

private const val SPIN_MICROS = 5_000

class SpinKernelTest :
    FunSpec({
        val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }

        driverTest("a worker that spins finds answers, messages and timers, and stops when told to") {
            withServer(echo, smallConfig().spinMicros(SPIN_MICROS).build()) { server ->
                server.connect().use { client ->
                    repeat(200) {
                        client.send("ping")
                        client.receiveText(4) shouldBe "ping"
                        server.worker.call { it } shouldBe it
                    }
                }
                val fired = CountDownLatch(1)
                val delay = TimeUnit.MILLISECONDS.toNanos(2)
                val began = System.nanoTime()
                server.worker.call { server.worker.arm(timer { fired.countDown() }, delay) }
                fired.await()
                System.nanoTime() - began shouldBeGreaterThan delay
            }
        }

        driverTest("it asks the kernel all the while it spins, and then sleeps") {
            leavesNothingBehind {
                val runtime = UringRuntime.start(smallConfig().spinMicros(SPIN_MICROS).build())
                val worker = runtime.worker(0)
                // Its counts move with the next turn, so they are asked for in one. Each question is a turn and so one
                // enter itself: all others are the spin's between the two.
                await {
                    val before = worker.call { worker.snapshot().enters() }
                    LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(SPIN_MICROS.toLong()))
                    worker.call { worker.snapshot().enters() } - before > 10
                }
                val sleepyRuntime = UringRuntime.start(smallConfig().build())
                val sleepy = sleepyRuntime.worker(0)
                val turns = sleepy.call { sleepy.snapshot().turns() }
                sleepy.call { sleepy.snapshot().enters() } shouldBeLessThan 2 * turns + 20
                // A worker that is asleep after its spin is woken like any other.
                Thread.sleep(3L * SPIN_MICROS / 1_000)
                worker.call { "awake" } shouldBe "awake"
                sleepyRuntime.closeInTime()
                runtime.closeInTime()
            }
        }

        test("more than ten milliseconds is refused with the bound") {
            shouldThrow<ConfigException> { RuntimeConfig.builder().spinMicros(10_001).build() }.message!! shouldContain
                "RuntimeConfig.spinMicros=10001 must be from 0 to 10000"
        }
    })
