package dev.uring.sim

import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Executor

/**
 * The thread of the test: waits for what it wants to see, and does what must not be done on a worker.
 *
 * *Thread:* its own, except [execute], which is for any.
 */
internal class Outside(
    private val world: World,
) : Actor("outside"),
    Executor {
    private val tasks = ConcurrentLinkedQueue<Runnable>()
    private var condition: (() -> Boolean)? = null
    private var deadline = NEVER

    /** What is waited for, for the report. */
    var waitsFor = "nothing is waited for"
        private set

    init {
        thread = Thread.currentThread()
    }

    override val deadlineNanos: Long get() = deadline

    override fun execute(task: Runnable) {
        tasks += task
    }

    // What the condition throws it shall throw on this thread, which asks it again.
    override fun isRunnable(nowNanos: Long): Boolean =
        tasks.isNotEmpty() || nowNanos >= deadline || runCatching { condition?.invoke() == true }.getOrDefault(true)

    /** Lets the workers go on until [wanted] holds; says whether it did before [limitNanos] had passed. */
    fun waitUntil(
        what: String,
        limitNanos: Long,
        wanted: () -> Boolean,
    ): Boolean {
        check(Thread.currentThread() === thread) { "only the thread that began the simulation lets it go on" }
        val end = if (limitNanos >= NEVER - world.nowNanos) NEVER else world.nowNanos + limitNanos
        while (true) {
            runTasks()
            world.checkFailure()
            if (wanted()) return true
            if (world.nowNanos >= end) return false
            waitsFor = "$what is waited for"
            condition = wanted
            deadline = end
            world.passTurn(this)
            condition = null
            deadline = NEVER
        }
    }

    private fun runTasks() {
        while (true) (tasks.poll() ?: return).run()
    }
}
