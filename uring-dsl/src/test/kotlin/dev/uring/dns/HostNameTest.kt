package dev.uring.dns

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

private fun candidates(
    name: String,
    ndots: Int,
    vararg search: String,
) = HostName.parseOrNull(name)!!.candidates(search.toList(), ndots)

class HostNameTest :
    FunSpec({
        test("a name is read in lower case and in ASCII") {
            for ((text, name) in listOf(
                "Example.ORG" to "example.org",
                "example.org." to "example.org",
                "_redis._tcp.example" to "_redis._tcp.example",
                "bücher.example" to "xn--bcher-kva.example",
                "1and1.example" to "1and1.example",
                "a" to "a",
                "x".repeat(63) + ".example" to "x".repeat(63) + ".example",
            )) {
                HostName.parseOrNull(text)?.text shouldBe name
            }
        }

        test("what can be no name is refused") {
            for (text in listOf(
                "",
                ".",
                "..",
                "a..b",
                ".a",
                "a b",
                "a/b",
                "a:b",
                "-a",
                "a-",
                "256.0.0.1",
                "1.2.3.4.5",
                "a\u0000b",
                "x".repeat(64),
                List(5) { "x".repeat(60) }.joinToString("."),
            )) {
                HostName.parseOrNull(text)?.text shouldBe null
            }
        }

        test("a name with ndots dots is tried as it is first, one with fewer last") {
            candidates("db", 1, "a.example", "b.example") shouldBe listOf("db.a.example", "db.b.example", "db")
            candidates("db.x", 1, "a.example") shouldBe listOf("db.x", "db.x.a.example")
            candidates("db.x", 2, "a.example") shouldBe listOf("db.x.a.example", "db.x")
            candidates("db", 0, "a.example") shouldBe listOf("db", "db.a.example")
            candidates("db", 1) shouldBe listOf("db")
        }

        test("a dot at the end says that nothing is to be added, and too long a name is not tried") {
            candidates("db.", 1, "a.example") shouldBe listOf("db")
            candidates("db", 1, List(5) { "x".repeat(49) }.joinToString(".") + ".ab") shouldBe listOf("db")
        }

        test("localhost and what is under it is this machine") {
            listOf("localhost", "LOCALHOST.", "db.localhost").forEach {
                HostName.parseOrNull(it)!!.isLocalhost shouldBe true
            }
            listOf("localhost.example", "xlocalhost").forEach { HostName.parseOrNull(it)!!.isLocalhost shouldBe false }
        }
    })
