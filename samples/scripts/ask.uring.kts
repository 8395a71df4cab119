// Sends a line and prints what comes back: ./uring run samples/scripts/ask.uring.kts 127.0.0.1:7000 hello
launch {
    connect(args[0]) { conn ->
        conn.send("${args[1]}\n")
        conn.shutdownOutput()
        conn.forEachView { print(it.toUtf8()) }
    }
}
