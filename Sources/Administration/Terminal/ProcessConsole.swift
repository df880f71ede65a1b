package import Authentication
import Glibc

/// The standard descriptors of this process, without buffers: what was written is out, or is an error.
package final class ProcessConsole: Console {
    private var holdsInterrupts = false

    package init() {}

    package var inputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }
    package var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    package var allowsColour: Bool {
        guard outputIsTerminal, ProcessEnvironment.value(of: "NO_COLOR") == nil else { return false }
        guard let terminal = unsafe getenv("TERM") else { return false }
        return unsafe String(cString: terminal) != "dumb"
    }

    package var columns: Int? {
        var size = winsize()
        let code = unsafe withUnsafeMutablePointer(to: &size) { unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), $0) }
        // A serial line says 0.
        return code == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
    }

    /// Whether the locale's characters are UTF-8 (locale(7): the first of these that is set and not empty counts).
    package static var speaksUTF8: Bool {
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            guard let locale = ProcessEnvironment.value(of: name)?.lowercased() else { continue }
            return locale.contains("utf-8") || locale.contains("utf8")
        }
        return false
    }

    package func write(_ buffer: OutputBuffer, to stream: ConsoleStream) throws(ConsoleFailure) {
        try buffer.withBytes { (bytes) throws(ConsoleFailure) in
            let code = WholeWrite.perform(bytes, to: stream.rawValue)
            guard code == 0 else { throw .system(code) }
        }
    }

    package func readLine(isHidden: Bool) throws(ConsoleFailure) -> Secret? {
        guard inputIsTerminal else { return try readLine() }
        // Whoever leaves with Ctrl-C must not be left with a terminal that shows nothing.
        if isHidden { holdInterrupts() }
        guard holdsInterrupts else { return try readLine() }
        var before = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &before) == 0 else { throw .system(errno) }
        var during = before
        // Ctrl-C would throw a line away that we know to be there, and reading it would block with the signal blocked, too.
        during.c_lflag |= tcflag_t(NOFLSH)
        if isHidden {
            during.c_lflag &= ~tcflag_t(ECHO)
            during.c_lflag |= tcflag_t(ECHONL)
            // Nor whoever quits or suspends: Ctrl-\ and Ctrl-Z are characters like others meanwhile.
            during.c_cc.1 = 0
            during.c_cc.10 = 0
        }
        guard unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &during) == 0 else { throw .system(errno) }
        defer { _ = unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &before) }
        do throws(ConsoleFailure) {
            return try readLine()
        } catch {
            // What is typed before Ctrl-C is no answer, and no command for the shell either.
            tcflush(STDIN_FILENO, TCIFLUSH)
            throw error
        }
    }

    private func readLine() throws(ConsoleFailure) -> Secret? {
        let line = OutputBuffer()
        var count = 0
        while true {
            try waitForInput()
            var byte: UInt8 = 0
            // One byte at a time: what follows the line is somebody else's to read.
            let got = unsafe read(STDIN_FILENO, &byte, 1)
            if got < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                // A closed standard input is one that has ended.
                guard errno == EBADF else { throw .system(errno) }
            }
            let isAtEnd = got <= 0
            if isAtEnd, count == 0 { return nil }
            if isAtEnd || byte == UInt8(ascii: "\n") {
                return line.withBytes { Secret(copying: $0) }
            }
            guard count < 1024 else { throw .lineTooLong }
            line.append(byte)
            byte = 0
            count += 1
        }
    }

    package func holdInterrupts() {
        var current = sigaction()
        guard unsafe sigaction(SIGINT, nil, &current) == 0 else { return }
        // Started in the background by a shell: it stays ignored.
        let ignored = unsafe unsafeBitCast(SIG_IGN, to: Int.self)
        guard unsafe unsafeBitCast(current.__sigaction_handler.sa_handler, to: Int.self) != ignored else { return }
        var action = sigaction()
        // Nothing to do in it: that it ran ends the ppoll below.
        unsafe action.__sigaction_handler.sa_handler = { _ in }
        unsafe sigaction(SIGINT, &action, nil)
        var interrupts = sigset_t()
        unsafe sigemptyset(&interrupts)
        unsafe sigaddset(&interrupts, SIGINT)
        unsafe pthread_sigmask(SIG_BLOCK, &interrupts, nil)
        holdsInterrupts = true
    }

    /// Blocks until there is something to read or the input has ended; throws `interrupted`.
    private func waitForInput() throws(ConsoleFailure) {
        var mask = sigset_t()
        unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
        if holdsInterrupts { unsafe sigdelset(&mask, SIGINT) }
        while true {
            // The only descriptor of interest is 0, and so is its bit.
            var awaited = fd_set()
            awaited.__fds_bits.0 = 1
            if unsafe pselect(STDIN_FILENO + 1, &awaited, nil, nil, nil, &mask) >= 0 { return }
            switch errno {
            case EINTR: guard !holdsInterrupts else { throw .interrupted }
            // A closed standard input: reading says so.
            case EBADF: return
            case let code: throw .system(code)
            }
        }
    }

    /// Occupies standard descriptors that the caller has closed, with something that fails when it is used.
    ///
    /// Otherwise the socket to the daemon could become descriptor 1, and our output a request.
    package static func claimStandardDescriptors() {
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
            // The lowest free descriptor is this one, since those below are taken.
            _ = unsafe open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
