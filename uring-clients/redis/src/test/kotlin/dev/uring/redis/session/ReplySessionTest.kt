package dev.uring.redis.session

import dev.uring.bytes.ByteWindow
import dev.uring.redis.codec.ReplyLimits
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.codec.latin1
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Each request expects the replies that carry its own number, so a reply that is given to another one shows. */
class ReplySessionTest :
    FunSpec({
        test(
            "whatever is abandoned and however replies are cut, everyone else gets their own: random scripts by seed",
        ) {
            val first = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
            repeat(2_000) { round ->
                withClue({ "-During.fuzz.seed=${first + round}" }) { Script(Random(first + round)).run() }
            }
        }

        test("a push between two replies answers nobody") {
            val heard = mutableListOf<Any?>()
            val session = ReplySession(ReplyLimits.defaults(), 10) { heard += it.readAny() }
            val requests = List(2) { Expecting(it) }.onEach(session::sent)
            session.take(">2\r\n+invalidate\r\n*1\r\n+k\r\n+0\r\n>1\r\n+x\r\n+1\r\n")
            requests.map { it.got } shouldBe listOf(listOf("0"), listOf("1"))
            heard shouldContainExactly listOf(listOf("invalidate", listOf("k")), listOf("x"))
        }

        test("a reply that nobody waits for is a fault, and nothing after it is believed") {
            val session = ReplySession(ReplyLimits.defaults(), 10) { }
            session.take("+stray\r\n")
            session.errorText() shouldBe "RESP: a reply came that answers no command"
            val request = Expecting(0).also(session::sent)
            session.take("+0\r\n") shouldBe 0
            request.got.shouldBeEmpty()
        }

        test("more than the bound is refused, but what is larger than the bound may go alone") {
            val session = ReplySession(ReplyLimits.defaults(), 4) { }
            session.sent(Expecting(0, count = 9))
            session.hasRoom(1) shouldBe false
            shouldThrow<IllegalStateException> { session.sent(Expecting(1)) }.message shouldBe
                "repliesExpected=9 and 1 more exceed repliesMax=4: ask hasRoom before writing"
        }

        test("the end gives back who has not had all replies, oldest first") {
            val session = ReplySession(ReplyLimits.defaults(), 40) { }
            val requests = List(20) { Expecting(it, count = 2) }.onEach(session::sent)
            session.take("+0\r\n+0\r\n+1\r\n")
            session.end() shouldContainExactly requests.drop(1)
            session.repliesExpected() shouldBe 0
        }

        test("a session that is stopped in the middle of an arrival calls nobody any more") {
            lateinit var session: ReplySession
            session = ReplySession(ReplyLimits.defaults(), 4) { session.stop() }
            val request = Expecting(0).also(session::sent)
            session.take(">1\r\n+x\r\n+0\r\n") shouldBe 8
            request.got.shouldBeEmpty()
        }
    })

private fun ReplySession.take(wire: String): Int = received(ByteWindow.copyOf(latin1(wire)))

private class Expecting(
    val number: Int,
    val count: Int = 1,
) : PendingReply() {
    val got = mutableListOf<String>()
    var isDrained = false
    var isComplete = false

    override fun repliesCount() = count

    override fun replied(
        reader: ReplyReader,
        isLast: Boolean,
    ) {
        check(!isAbandoned) { "an abandoned request was called" }
        got += reader.readString()
        isComplete = isLast
    }

    override fun drained() {
        isDrained = true
    }
}

/** A client that sends and gives up at random, and a server that answers late and in pieces. */
private class Script(
    private val random: Random,
) {
    private val session =
        ReplySession(ReplyLimits.defaults().withGatherBytesMin(listOf(0, 1 shl 20).random(random)), 50) { }
    private val requests = mutableListOf<Expecting>()
    private val unanswered = ArrayDeque<Int>()
    private var onTheWay = ByteArray(0)
    private var shown = 0

    fun run() {
        repeat(200) { step() }
        while (unanswered.isNotEmpty()) answer()
        arrive(onTheWay.size)
        session.errorText().shouldBeNull()
        session.repliesExpected() shouldBe 0
        for (request in requests) {
            val mine = "${request.number}"
            request.got.all { it == mine } shouldBe true
            if (request.isAbandoned) {
                (request.isDrained || request.isComplete) shouldBe true
            } else {
                request.got.size shouldBe request.count
            }
        }
    }

    private fun step() {
        when (random.nextInt(6)) {
            0, 1 -> send()
            2 -> requests.randomOrNull(random)?.takeIf { !it.isComplete }?.abandon()
            3 -> if (unanswered.isNotEmpty()) answer()
            else -> arrive(random.nextInt(0, onTheWay.size - shown + 1) + shown)
        }
    }

    private fun send() {
        val request = Expecting(requests.size, random.nextInt(1, 4))
        if (!session.hasRoom(request.count)) return
        session.sent(request)
        requests += request
        repeat(request.count) { unanswered.addLast(request.number) }
    }

    private fun answer() {
        onTheWay += latin1("+${unanswered.removeFirst()}\r\n")
    }

    private fun arrive(until: Int) {
        if (until == 0) return
        val consumed = session.received(ByteWindow.copyOf(onTheWay.copyOf(until)))
        onTheWay = onTheWay.copyOfRange(consumed, onTheWay.size)
        shown = until - consumed
    }
}
