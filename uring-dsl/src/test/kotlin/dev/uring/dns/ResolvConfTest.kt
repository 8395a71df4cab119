package dev.uring.dns

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import java.net.InetSocketAddress
import kotlin.time.Duration.Companion.seconds

private fun server(text: String) = InetSocketAddress(InetAddress.ofLiteral(text), 53)

class ResolvConfTest :
    FunSpec({
        test("every directive is read") {
            val conf =
                ResolvConf.parse(
                    """
                    # a comment
                    ; another
                    nameserver 10.0.0.1
                    nameserver	2001:db8::1
                    search corp.example  Example.ORG.
                    options ndots:3 timeout:7 attempts:4 rotate use-vc edns0 trust-ad
                    sortlist 130.155.160.0/255.255.240.0
                    """.trimIndent(),
                )
            conf.servers shouldBe listOf(server("10.0.0.1"), server("2001:db8::1"))
            conf.search shouldBe listOf("corp.example", "example.org")
            conf.ndots shouldBe 3
            conf.timeout shouldBe 7.seconds
            conf.attempts shouldBe 4
            conf.rotate shouldBe true
            conf.useTcp shouldBe true
            conf.problems shouldBe emptyList()
        }

        test("a file without directives leaves everything to the defaults") {
            for (text in listOf("", "\n\n", "# nameserver 10.0.0.1\n;search a\n")) {
                val conf = ResolvConf.parse(text)
                conf.servers shouldBe emptyList()
                conf.search shouldBe emptyList()
                listOf(conf.ndots, conf.timeout, conf.attempts) shouldBe listOf(null, null, null)
                listOf(conf.rotate, conf.useTcp) shouldBe listOf(false, false)
                conf.problems shouldBe emptyList()
            }
        }

        test("of domain and search the last one counts, and a domain is one search domain") {
            ResolvConf.parse("search a.example b.example\ndomain c.example d.example").search shouldBe
                listOf("c.example")
            ResolvConf.parse("domain c.example\nsearch a.example b.example").search shouldBe
                listOf("a.example", "b.example")
            ResolvConf.parse("search .").search shouldBe emptyList()
        }

        test("numbers above their limits are cut to them, as glibc does") {
            val conf = ResolvConf.parse("options ndots:99 timeout:99 attempts:99")
            conf.ndots shouldBe 15
            conf.timeout shouldBe 30.seconds
            conf.attempts shouldBe 5
        }

        test("malformed lines are passed over, named, and do not touch the others") {
            val conf =
                ResolvConf.parse(
                    """
                    nameserver example.org
                    nameserver
                    nameserver 10.0.0.1 # behind it anything
                    nonsense 1
                    options ndots:x timeout: attempts:-1 timeout:0 unknown:3
                    search good.example bad..example
                    search2
                    """.trimIndent() + "\r\n\u0000\u0001",
                )
            conf.servers shouldBe listOf(server("10.0.0.1"))
            conf.search shouldBe listOf("good.example")
            listOf(conf.ndots, conf.timeout, conf.attempts) shouldBe listOf(null, null, null)
            conf.problems shouldBe
                listOf(
                    "line 1: 'example.org' is not an IP address",
                    "line 2: '' is not an IP address",
                    "line 4: 'nonsense' is no directive",
                    "line 5: 'ndots:x' needs a number from 0 to 15",
                    "line 5: 'timeout:' needs a number from 1 to 30",
                    "line 5: 'attempts:-1' needs a number from 1 to 5",
                    "line 5: 'timeout:0' needs a number from 1 to 30",
                    "line 6: 'bad..example' is not a domain name",
                    "line 7: 'search2' is no directive",
                    "line 8: '\u0000\u0001' is no directive",
                )
        }

        test("servers and domains beyond their limits are left out and named") {
            val conf =
                ResolvConf.parse(
                    (1..5).joinToString("\n") { "nameserver 10.0.0.$it" } +
                        "\nsearch " + (1..40).joinToString(" ") { "d$it.example" },
                )
            conf.servers shouldBe (1..3).map { server("10.0.0.$it") }
            conf.search.size shouldBe 32
            conf.problems shouldBe
                listOf(
                    "line 4: only the first 3 servers count",
                    "line 5: only the first 3 servers count",
                    "line 6: only the first 32 domains count",
                )
        }
    })
