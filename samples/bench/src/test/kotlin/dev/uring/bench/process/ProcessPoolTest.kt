package dev.uring.bench.process

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Waits until the process is gone; fails the test when it is not. */
private fun shouldBeGone(pid: Long) {
    val handle = ProcessHandle.of(pid)
    if (handle.isPresent) handle.get().onExit().get(30, TimeUnit.SECONDS)
    ProcessHandle.of(pid).map { it.isAlive }.orElse(false) shouldBe false
}

class ProcessPoolTest :
    FunSpec({
        val logs = tempdir().toPath()

        fun pool() = ProcessPool(logs)

        test("closing the pool ends a child that obeys the end of its input") {
            val pool = pool()
            val child = pool.start("obedient", listOf("cat"))
            pool.close()
            shouldBeGone(child.pid)
        }

        test("closing the pool kills a child that does not") {
            val pool = pool()
            val child = pool.start("deaf", listOf("sleep", "600"))
            pool.close()
            shouldBeGone(child.pid)
        }

        test("closing the pool ends a foreign program and the shell that holds its leash") {
            val pool = pool()
            val shell = pool.start("leashed", ProcessPool.leashed(listOf("sleep", "600")))
            val pid = shell.receive("@bench PID ", 30.seconds).toLong()
            ProcessHandle.of(pid).isPresent shouldBe true
            pool.close()
            shouldBeGone(pid)
            shouldBeGone(shell.pid)
        }

        test("killing the shell that holds a leash kills the foreign program as well") {
            pool().use { pool ->
                val shell = pool.start("leashed", ProcessPool.leashed(listOf("sleep", "600")))
                val pid = shell.receive("@bench PID ", 30.seconds).toLong()
                shell.kill()
                shouldBeGone(pid)
            }
        }

        test("a child that ends early is reported with its exit code and last words") {
            pool().use { pool ->
                val child = pool.start("doomed", listOf("sh", "-c", "echo no such luck >&2; exit 7"))
                val failure = shouldThrow<ChildFailure> { child.receive("@bench ", 30.seconds) }
                failure.message shouldContain "doomed (pid ${child.pid}) ended with exit code 7."
                failure.message shouldContain "no such luck"
            }
        }

        test("a child that says nothing is reported after the limit") {
            pool().use { pool ->
                val child = pool.start("silent", listOf("cat"))
                shouldThrow<ChildFailure> { child.receive("@bench ", 20.milliseconds) }.message shouldContain
                    "silent (pid ${child.pid}) did not answer within 20ms."
            }
        }

        test("a program that does not exist is reported with its command") {
            pool().use { pool ->
                shouldThrow<ChildFailure> {
                    pool.start(
                        "ghost",
                        listOf("/nonexistent/ghost", "-x"),
                    )
                }.message shouldContain
                    "Command: /nonexistent/ghost -x"
            }
        }

        for (signal in listOf("INT", "TERM", "KILL")) {
            test("no child outlives a harness that gets SIG$signal") {
                pool().use { pool ->
                    val victim =
                        pool.start(
                            "victim",
                            // A build in the background has SIGINT ignored, children inherit that, and a JVM respects it.
                            listOf("env", "--default-signal=INT") +
                                JavaCommand.of("dev.uring.bench.process.Victim", listOf("-Xmx64m")),
                        )
                    val pids = victim.receive("@bench PIDS ", 60.seconds).split(' ').map(String::toLong)
                    pids shouldHaveSize 3
                    ProcessBuilder("kill", "-$signal", "${victim.pid}").start().waitFor() shouldBe 0
                    pids.forEach(::shouldBeGone)
                }
            }
        }
    })

/** A harness with a server, a foreign program on a leash, and nothing to do: ended from outside. */
object Victim {
    @JvmStatic
    fun main(args: Array<String>) {
        val pool = ProcessPool(kotlin.io.path.createTempDirectory("victim"))
        val server = pool.start("server", JavaCommand.of("dev.uring.bench.subject.NioEcho", listOf("-Xmx64m")))
        ControlledProcess(server)
        val shell = pool.start("leashed", ProcessPool.leashed(listOf("sleep", "600")))
        val foreign = shell.receive("@bench PID ", 30.seconds)
        println("@bench PIDS ${server.pid} ${shell.pid} $foreign")
        Thread.currentThread().join()
    }
}
