package dev.uring.redis.routing

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe

class KetamaRingTest :
    FunSpec({
        val servers = List(3) { "server-$it:11211" }
        val ring = KetamaRing(servers)

        fun server(key: String) = ring.serverOf(key.toByteArray())

        test("keys go where every ketama client sends them") {
            server("foo") shouldBe 0
            server("bar") shouldBe 2
            server("key-1") shouldBe 1
            server("hello") shouldBe 2
            server("user:42") shouldBe 2
        }

        test("the points are those of every ketama client") {
            ring.points().size shouldBe 480
            ring.points().take(3) shouldBe listOf(0x01ce7e36L, 0x0393ad00L, 0x051caf9fL)
        }

        test("a key behind the last point belongs to the first") {
            // Of these servers the first point is one's and the last another's, or the test could not tell them apart.
            val ends = KetamaRing(List(3) { "edge-$it:11211" })
            val points = ends.points()

            fun serverOfFirst(matches: (Long) -> Boolean): Int {
                val key = generateSequence(0) { it + 1 }.first { matches(pointOf("wrap-$it")) }
                return ends.serverOf("wrap-$key".toByteArray())
            }
            val first = serverOfFirst { it < points.first() }
            val last = serverOfFirst { it > points[points.size - 2] && it <= points.last() }
            first shouldNotBe last
            serverOfFirst { it > points.last() } shouldBe first
        }

        test("a server more takes its share, and no key moves between the others") {
            val larger = KetamaRing(servers + "server-3:11211")
            var moved = 0
            repeat(10_000) { i ->
                val key = "key-$i".toByteArray()
                val now = larger.serverOf(key)
                if (now == 3) moved++ else now shouldBe ring.serverOf(key)
            }
            moved shouldBeInRange 1_500..3_500
        }

        test("a server that is named twice is refused with the remedy") {
            shouldThrow<IllegalArgumentException> { KetamaRing(listOf("a:1", "a:1")) }.message shouldBe
                "servers=[a:1, a:1]: a ring needs at least one server, and each one once: for a greater share " +
                "give it a second identity"
            shouldThrow<IllegalArgumentException> { KetamaRing(emptyList()) }
        }
    })

private fun pointOf(key: String): Long {
    val digest =
        java.security.MessageDigest
            .getInstance("MD5")
            .digest(key.toByteArray())
    return (3 downTo 0).fold(0L) { point, i -> (point shl 8) or (digest[i].toLong() and 0xFF) }
}
