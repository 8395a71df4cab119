package dev.uring.worker

import dev.uring.driver.Driver
import org.jetbrains.lincheck.Lincheck
import java.lang.reflect.Proxy
import kotlin.concurrent.thread

/**
 * What two or three threads do to a mailbox or the wakes around it, and every outcome that is permitted.
 *
 * The model checker runs [play] under all interleavings that it has time for, each several times over the accesses to
 * shared words; an outcome that is not in [permitted], and an exception, is a failure with the steps that lead to it.
 */
internal class MailModel(
    val name: String,
    val permitted: Set<String>,
    val play: () -> String,
)

/** Wakes are counted; everything else of a driver is nobody's business here. */
private class Wakes : Driver by NO_DRIVER {
    @Volatile
    var count = 0

    override fun wake() {
        count++
    }
}

private val NO_DRIVER: Driver =
    Proxy.newProxyInstance(Wakes::class.java.classLoader, arrayOf(Driver::class.java)) { _, method, _ ->
        error("${method.name} of no driver")
    } as Driver

private val A = Runnable { }
private val B = Runnable { }
private val C = Runnable { }

private fun mailRoom(
    wakes: Wakes,
    capacity: Int = 2,
) = MailRoom(null, wakes, capacity)

private fun Mailbox.drain(): List<Runnable> = generateSequence { poll() }.toList()

private fun text(messages: List<Runnable>): String =
    messages.joinToString("") {
        when (it) {
            A -> "a"
            B -> "b"
            else -> "c"
        }
    }

internal val mailModels: List<MailModel> =
    listOf(
        MailModel(
            "a message sent while its worker falls asleep is seen or wakes it",
            // Before the declaration: no wake is due. After it: the wake, whether or not the second look saw it first.
            setOf("sleeps=false wakes=0", "sleeps=false wakes=1", "sleeps=true wakes=1"),
        ) {
            val wakes = Wakes()
            val room = mailRoom(wakes)
            val producer = thread { room.send(A) }
            val sleeps = room.declareAsleep()
            producer.join()
            check(room.poll() === A) { "the message is not there" }
            "sleeps=$sleeps wakes=${wakes.count}"
        },
        MailModel(
            "a request to stop made while its worker falls asleep is seen or wakes it",
            setOf("sleeps=false wakes=0", "sleeps=false wakes=1", "sleeps=true wakes=1"),
        ) {
            val wakes = Wakes()
            val room = mailRoom(wakes)
            val stopper = thread { room.requestStop() }
            val sleeps = room.declareAsleep()
            stopper.join()
            check(room.isStopRequested) { "the request is lost" }
            "sleeps=$sleeps wakes=${wakes.count}"
        },
        MailModel("of a crowd that finds a worker asleep one wakes it", setOf("wakes=1 messages=2")) {
            val wakes = Wakes()
            val room = mailRoom(wakes)
            check(room.declareAsleep())
            val producers = listOf(A, B).map { thread { room.send(it) } }
            producers.forEach { it.join() }
            "wakes=${wakes.count} messages=${generateSequence { room.poll() }.count()}"
        },
        MailModel(
            "a message that comes between two turns is taken in the next, or the worker does not sleep through it",
            setOf("taken", "stays awake", "woken"),
        ) {
            val wakes = Wakes()
            val room = mailRoom(wakes)
            val producer = thread { room.send(A) }
            // A turn that began for another reason than the message: a timer.
            room.declareAsleep()
            room.awake()
            val isTaken = room.poll() != null
            val wakesBefore = wakes.count
            val sleeps = !isTaken && room.declareAsleep()
            producer.join()
            when {
                isTaken -> "taken"
                !sleeps -> "stays awake"
                wakes.count > 0 && wakesBefore <= wakes.count -> "woken"
                else -> "asleep on a message"
            }
        },
        MailModel(
            "handed over to a mailbox with room for one, one is taken and the other's sender keeps it",
            setOf("1"),
        ) {
            val wakes = Wakes()
            val room = mailRoom(wakes, capacity = 1)
            check(room.declareAsleep())
            val taken = arrayOfNulls<Boolean>(2)
            listOf(A, B)
                .mapIndexed { i, message -> thread { taken[i] = room.take(message, null) } }
                .forEach { it.join() }
            check(wakes.count == 1) { "wakes=${wakes.count}" }
            "${taken.count { it == true }}".also {
                check(
                    room.poll() != null && room.poll() == null,
                ) { "not one message" }
            }
        },
        MailModel(
            "messages of one producer stay in their order, whatever others send between them",
            setOf("abc", "acb", "cab"),
        ) {
            val mailbox = Mailbox(4)
            val producer = thread { listOf(A, B).forEach { check(mailbox.offer(it)) { "refused" } } }
            val other = thread { check(mailbox.offer(C)) { "refused" } }
            val early = mailbox.drain()
            producer.join()
            other.join()
            text(early + mailbox.drain())
        },
        MailModel("a slot is used again only when its message was taken", setOf("ab")) {
            val mailbox = Mailbox(1)
            val producer =
                thread {
                    check(mailbox.offer(A)) { "refused by an empty mailbox" }
                    while (!mailbox.offer(B)) Thread.onSpinWait()
                }
            val taken = mutableListOf<Runnable>()
            while (taken.size < 2) mailbox.poll()?.let { taken += it } ?: Thread.onSpinWait()
            producer.join()
            check(mailbox.isEmpty && mailbox.depth() == 0) { "not empty" }
            text(taken)
        },
        MailModel("what a mailbox has accepted when it closes is there, and nothing else", setOf("true 1", "false 0")) {
            val mailbox = Mailbox(2)
            var isAccepted = false
            val producer = thread { isAccepted = mailbox.offer(A) }
            mailbox.close()
            var taken = 0
            // Claimed and not stored yet counts as there: the depth says that it will come.
            while (mailbox.depth() > 0) if (mailbox.poll() != null) taken++
            producer.join()
            "$isAccepted ${taken + mailbox.drain().size}"
        },
    )

/** Runs the models in a process of its own: the checker rewrites the classes it looks at, and of the JDK not a few. */
internal object MailModels {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val invocations = arguments[0].toInt()
        // What is initialized once must not be a part of one interleaving.
        mailModels.forEach { it.play() }
        for (model in mailModels) {
            val began = System.nanoTime()
            try {
                Lincheck.runConcurrentTest(invocations) {
                    val outcome = model.play()
                    check(outcome in model.permitted) { "outcome \"$outcome\" is none of ${model.permitted}" }
                }
                println("held: ${model.name}")
            } catch (found: Throwable) {
                println("broken: ${model.name}")
                println(found.message)
            }
            System.err.println("${(System.nanoTime() - began) / 1_000_000} ms: ${model.name}")
        }
    }
}
