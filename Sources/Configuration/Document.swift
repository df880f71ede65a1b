import Authentication
import CYaml

/// One YAML document as a tree of settings, and nothing of YAML that a configuration has no use for.
///
/// It goes by libyaml's events and not by Yams' `compose`: that one builds, hashes and compares whatever an
/// alias stands for before anybody can object (a few lines with keys made of aliases keep it busy for years), and
/// tells of a duplicate key only where one of the two stands. Here an anchor, an alias or a tag is refused as it
/// comes, and so is the node that is one too deep or one too many.
@safe
struct Document: ~Copyable {
    /// How deep lists and maps may be nested.
    static let maximumDepth = 32
    /// The most lists, maps, keys and values.
    static let maximumNodes = 100_000
    /// The longest text, in bytes.
    static let maximumText = 4096

    private let file: String
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private var nodes = 0
    /// What is wrong without making the rest unreadable.
    private var problems: [Problem] = []

    /// Reads the only document of `bytes`, which are UTF-8: its root, nil if there is none, and what is wrong
    /// without making the rest unreadable.
    ///
    /// Throws what makes the rest unreadable, and all that was wrong before it.
    static func read(_ bytes: [UInt8], file: String) throws(Problems) -> (root: Setting?, problems: [Problem]) {
        typealias Outcome = Result<(root: Setting?, problems: [Problem]), Problems>
        let outcome: Outcome = unsafe bytes.withUnsafeBufferPointer { buffer in
            guard var document = unsafe Document(buffer, file: file) else {
                return .failure(Problems([Problem(file: file, found: "no memory to read it")]))
            }
            do throws(Problem) {
                let root = try document.only()
                return .success((root, document.problems))
            } catch {
                return .failure(Problems(document.problems + [error]))
            }
        }
        return try outcome.get()
    }

    private init?(_ bytes: UnsafeBufferPointer<UInt8>, file: String) {
        self.file = file
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            return nil
        }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
    }

    // MARK: Events

    /// What libyaml tells, as values: nothing of it outlives the call that asked.
    private struct Event {
        enum Kind {
            case streamStart, streamEnd, documentStart, documentEnd
            case scalar(String, isPlain: Bool)
            case listStart, listEnd, mapStart, mapEnd
            case alias
            case nothing
        }

        let kind: Kind
        let line: Int
        let column: Int
        let hasAnchor: Bool
        let tag: String?
    }

    private mutating func next() throws(Problem) -> Event {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw syntaxProblem() }
        defer { unsafe yaml_event_delete(&event) }
        let line = Document.place(unsafe event.start_mark.line)
        let column = Document.place(unsafe event.start_mark.column)
        func made(_ kind: Event.Kind, hasAnchor: Bool = false, tag: String? = nil) -> Event {
            Event(kind: kind, line: line, column: column, hasAnchor: hasAnchor, tag: tag)
        }
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: return made(.streamStart)
        case YAML_STREAM_END_EVENT: return made(.streamEnd)
        case YAML_DOCUMENT_START_EVENT: return made(.documentStart)
        case YAML_DOCUMENT_END_EVENT: return made(.documentEnd)
        case YAML_ALIAS_EVENT: return made(.alias)
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
            // libyaml drops the tag `!` of a plain scalar and leaves only this trace of it.
            let tag = unsafe Document.text(scalar.tag) ?? (isPlain && scalar.plain_implicit == 0 ? "!" : nil)
            return unsafe made(
                .scalar(String(decoding: bytes, as: UTF8.self), isPlain: isPlain), hasAnchor: scalar.anchor != nil,
                tag: tag)
        case YAML_SEQUENCE_START_EVENT:
            let list = unsafe event.data.sequence_start
            return unsafe made(.listStart, hasAnchor: list.anchor != nil, tag: Document.text(list.tag))
        case YAML_SEQUENCE_END_EVENT: return made(.listEnd)
        case YAML_MAPPING_START_EVENT:
            let map = unsafe event.data.mapping_start
            return unsafe made(.mapStart, hasAnchor: map.anchor != nil, tag: Document.text(map.tag))
        case YAML_MAPPING_END_EVENT: return made(.mapEnd)
        case _: return made(.nothing)
        }
    }

    /// libyaml counts from 0, and in `size_t`.
    private static func place(_ mark: Int) -> Int { mark + 1 }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(cString: pointer)
    }

    private func syntaxProblem() -> Problem {
        let mark = unsafe parser.pointee.problem_mark
        var found = "not YAML"
        if let problem = unsafe parser.pointee.problem { unsafe found += ": \(String(cString: problem))" }
        if let context = unsafe parser.pointee.context { unsafe found += " \(String(cString: context))" }
        return Problem(
            file: file, line: Document.place(mark.line), column: Document.place(mark.column), found: found
        )
    }

    // MARK: Nodes

    private mutating func only() throws(Problem) -> Setting? {
        _ = try next()  // the stream's start
        let start = try next()
        guard case .documentStart = start.kind else { return nil }
        let first = try next()
        let root = try node(first, depth: 0)
        _ = try next()  // the document's end
        let end = try next()
        guard case .streamEnd = end.kind else {
            throw problem(end, "a second document", expected: "one document in one file")
        }
        return root
    }

    private mutating func node(_ event: Event, depth: Int) throws(Problem) -> Setting {
        nodes += 1
        guard nodes <= Document.maximumNodes else {
            throw problem(event, "more than \(Document.maximumNodes) values", expected: "a configuration")
        }
        guard depth <= Document.maximumDepth else {
            throw problem(event, "more than \(Document.maximumDepth) lists and maps in each other")
        }
        if event.hasAnchor {
            problems.append(problem(event, "an anchor (&)", expected: "plain values: neither anchors nor aliases"))
        }
        if let tag = event.tag { problems.append(problem(event, "the tag \(tag)", expected: "plain values: no tags")) }
        switch event.kind {
        case .scalar(let text, let isPlain): return scalar(text, isPlain: isPlain, event)
        case .listStart: return try list(event, depth: depth)
        case .mapStart: return try map(event, depth: depth)
        case .alias:
            problems.append(
                problem(event, "an alias (*)", expected: "plain values: neither anchors nor aliases"))
            // What it stands for is never looked at.
            return Setting(.text("*", isQuoted: true), line: event.line, column: event.column)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .listEnd, .mapEnd, .nothing:
            throw problem(event, "something out of its place", expected: "a value")
        }
    }

    private mutating func scalar(_ text: String, isPlain: Bool, _ event: Event) -> Setting {
        var text = text
        if text.utf8.count > Document.maximumText {
            problems.append(
                problem(event, "a text of \(text.utf8.count) bytes", expected: "at most \(Document.maximumText)"))
            text = String(text.prefix(64))
        } else if !text.unicodeScalars.allSatisfy(SourceText.isPrintable) {
            problems.append(problem(event, "a text with control characters", expected: "printable text in one line"))
        }
        // Other problems may quote it.
        text.unicodeScalars.removeAll { !SourceText.isPrintable($0) }
        let isNothing = isPlain && ["", "~", "null", "Null", "NULL"].contains(text)
        return Setting(
            isNothing ? .nothing : .text(text, isQuoted: !isPlain), line: event.line, column: event.column)
    }

    private mutating func list(_ start: Event, depth: Int) throws(Problem) -> Setting {
        var items: [Setting] = []
        while true {
            let event = try next()
            if case .listEnd = event.kind { break }
            items.append(try node(event, depth: depth + 1))
        }
        return Setting(.list(items), line: start.line, column: start.column)
    }

    private mutating func map(_ start: Event, depth: Int) throws(Problem) -> Setting {
        var entries: [Setting.Entry] = []
        var lines: [String: Int] = [:]
        while true {
            let event = try next()
            if case .mapEnd = event.kind { break }
            let known = problems.count
            let key = try node(event, depth: depth + 1)
            let isSound = problems.count == known
            let value = try node(try next(), depth: depth + 1)
            if case .alias = event.kind { continue }
            guard case .text(let name, _) = key.value else {
                problems.append(problem(event, "\(key.found) as a key", expected: "a word"))
                continue
            }
            if isSound, let earlier = lines[name] {
                problems.append(
                    problem(event, "the key '\(name)' again", expected: "it once: it stands in line \(earlier)"))
                continue
            }
            lines[name] = key.line
            entries.append(Setting.Entry(key: name, line: key.line, column: key.column, value: value))
        }
        return Setting(.map(entries), line: start.line, column: start.column)
    }

    private func problem(_ event: Event, _ found: String, expected: String? = nil) -> Problem {
        Problem(file: file, line: event.line, column: event.column, found: found, expected: expected)
    }
}
