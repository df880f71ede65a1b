import Administration
import Authentication
import AuthenticationTesting
import Configuration
import Daemon
import Foundation
import FoundationXML
import Testing

/// The pictures, whole and byte for byte, beside what they were drawn from: Tests/Fixtures.
@Suite struct FlowDiagramTests {
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures")

    static func fixture(_ name: String) throws -> String {
        try String(contentsOf: fixtures.appendingPathComponent(name), encoding: .utf8)
    }

    /// What a document would put in force, with stand-ins for its types.
    static func active(_ text: String) throws -> ActiveConfiguration {
        let read = try ConfigurationReader(
            modules: SeedTypes.modules, providers: SeedTypes.providers, allowsInsecure: true
        ).read(Array(text.utf8), file: "f").get()
        return ActiveConfiguration(
            number: 1, policy: read.policy, providers: read.providers, modules: read.modules,
            names: Dictionary(uniqueKeysWithValues: read.names.map { ($0.key.description, $0.value) }),
            issuer: read.issuer)
    }

    /// A picture that there is: of which document, for which service, under which name.
    struct Picture: Sendable, CustomTestStringConvertible {
        let document: String
        var service: String?
        let name: String
        var testDescription: String { name }
    }

    static let pictures = [
        Picture(document: "../EndToEnd/seed.yaml", name: "seed"), Picture(document: "flow/policy.yaml", name: "policy"),
        Picture(document: "flow/policy.yaml", service: "sudo", name: "policy-sudo"),
        Picture(document: "flow/policy.yaml", service: "swaylock", name: "policy-swaylock"),
        Picture(document: "flow/policy.yaml", service: "sshd", name: "policy-sshd"),
    ]

    static func diagram(_ picture: Picture) throws -> FlowDiagram {
        FlowDiagram(try active(try fixture(picture.document)), service: picture.service)
    }

    @Test(arguments: pictures) func `as text it is what it was`(_ picture: Picture) throws {
        let diagram = try FlowDiagramTests.diagram(picture)
        #expect(diagram.text() + "\n" == (try FlowDiagramTests.fixture("flow/\(picture.name).txt")))
    }

    @Test(arguments: pictures) func `as a flowchart of Mermaid it is what it was`(_ picture: Picture) throws {
        let diagram = try FlowDiagramTests.diagram(picture)
        #expect(diagram.mermaid + "\n" == (try FlowDiagramTests.fixture("flow/\(picture.name).mmd")))
    }

    @Test(arguments: pictures) func `as an SVG document it is what it was`(_ picture: Picture) throws {
        let diagram = try FlowDiagramTests.diagram(picture)
        #expect(diagram.svg + "\n" == (try FlowDiagramTests.fixture("flow/\(picture.name).svg")))
    }

    @Test func `password and code in one answer are asked for once`() throws {
        var active = try FlowDiagramTests.active(
            "auth_providers: [{type: linux, modules: totp}]\npolicy: [{match: {service: sudo}, tries: 1}]\n")
        active.policy.rules[0].single = CombinedAnswer()
        let text = FlowDiagram(active, service: "sudo").text()
        #expect(text.contains("asks Password, the code right behind it") && text.contains("asks nothing more"))
        #expect(!text.contains("asks Verification code"))
        #expect(FlowDiagram(active).text().contains("password and code in one answer (conversation: single)"))
    }

    @Test func `in ASCII it is the same picture`() throws {
        let diagram = try FlowDiagramTests.diagram(FlowDiagramTests.pictures[1])
        let text = diagram.text(inASCII: true)
        #expect(text + "\n" == (try FlowDiagramTests.fixture("flow/policy-ascii.txt")))
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        #expect(text.split(separator: "\n").count == diagram.text().split(separator: "\n").count)
    }

    // MARK: Hostile names

    static let names = [
        "\"quoted\" 'twice'", "<b>&amp;</b>", "line\none", "]) --> x[(", "%%{init: {}}%%", "-->", "]]>",
        "a\u{0}b\u{1B}c",
        "\u{FFFE}x", "👩‍💻 emoji 漢字", "e\u{301}\u{302}", "`code` $$x$$ #35; \\", "end", "</svg>", "",
        String(repeating: "long ", count: 40), String(repeating: "x", count: 200), String(repeating: "漢", count: 200),
    ]

    /// A flow in which everything that people name has this name.
    static func hostile(_ name: String) throws -> FlowDiagram {
        var active = try active(
            "auth_providers: [{type: linux, modules: {any_of: [totp, recovery_code]}}, {type: homeassistant}]\n")
        for chain in active.policy.chains { active.names[chain.provider.description] = name }
        let id = ModuleID("totp")
        active.modules[id] = try SeedTypes.modules.first?.make(
            id,
            Settings(["prompt": Setting(.text(name.isEmpty ? "x" : name, isQuoted: true), line: 1, column: 1)]))
        let account = AccountName(name) ?? AccountName("<&\"'>")
        active.policy.rules = [Rule(services: [name], accounts: Set([account].compactMap { $0 }), line: 1)]
        return FlowDiagram(active, service: name.isEmpty ? nil : name)
    }

    @Test(arguments: names) func `no name makes a line of text longer than 80 columns, or breaks a box`(_ name: String)
        throws
    {
        for isASCII in [false, true] {
            let text = try FlowDiagramTests.hostile(name).text(inASCII: isASCII)
            #expect(
                !text.unicodeScalars.contains { $0 != "\n" && ($0.value < 0x20 || (0x7F...0x9F).contains($0.value)) })
            let lines = text.components(separatedBy: "\n")
            #expect(lines.allSatisfy { Columns.width($0) <= 80 })
            let (corner, edge) = isASCII ? ("+", "|") : ("┐", "│")
            var ends: Int?
            for line in lines {
                // From the upper right corner of a box down to the lower one, all lines end where that ends.
                if line.hasSuffix(corner), ends == nil {
                    ends = Columns.width(line)
                } else if let end = ends {
                    #expect(Columns.width(line) == end, "\(line)")
                    if !line.hasSuffix(edge) { ends = nil }
                }
            }
        }
    }

    @Test(arguments: [
        ("a", 1), ("é", 1), ("e\u{301}", 1), ("漢字", 4), ("🙂", 2), ("─▶", 2), ("", 0), ("\u{200D}", 0),
    ]) func `columns are those of a terminal`(_ text: String, _ width: Int) { #expect(Columns.width(text) == width) }

    @Test(arguments: names) func `no name leaves its label in Mermaid`(_ name: String) throws {
        let lines = try FlowDiagramTests.hostile(name).mermaid.components(separatedBy: "\n")
        let plain = try FlowDiagramTests.hostile("x").mermaid.components(separatedBy: "\n")
        #expect(lines.count == plain.count)
        for (line, plain) in zip(lines, plain) {
            // Outside of quotes both are the same, and there are as many quotes.
            #expect(FlowDiagramTests.outsideQuotes(line) == FlowDiagramTests.outsideQuotes(plain))
            for label in FlowDiagramTests.quoted(line) {
                #expect(!label.replacingOccurrences(of: "<br/>", with: "").contains { "<>&`%\\$*".contains($0) })
            }
        }
    }

    private static func outsideQuotes(_ line: String) -> [String] {
        line.components(separatedBy: "\"").enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    }

    private static func quoted(_ line: String) -> [String] {
        line.components(separatedBy: "\"").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    }

    @Test(arguments: names) func `whatever the name, the SVG is well-formed and says it`(_ name: String) throws {
        let svg = try FlowDiagramTests.hostile(name).svg
        let parsed = try #require(ParsedSVG(svg))
        let plain = try #require(ParsedSVG(try FlowDiagramTests.hostile("x").svg))
        // A long name gets a tooltip, and the legend more lines; nothing else is added.
        #expect(
            parsed.elements.filter { $0 != "title" && $0 != "text" }
                == plain.elements.filter { $0 != "title" && $0 != "text" })
        if name.count > 1, name.count < 20,
            !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0xFFFE })
        {
            #expect(parsed.texts.contains("\(name) (linux)"))
        }
        #expect(!svg.contains("href") && !svg.contains("url(http") && !svg.contains("<script"))
    }

    @Test(arguments: pictures) func `every SVG is well-formed, and stands for itself`(_ picture: Picture) throws {
        let svg = try FlowDiagramTests.diagram(picture).svg
        let parsed = try #require(ParsedSVG(svg))
        #expect(parsed.elements.first == "svg")
        #expect(parsed.texts.contains("granted") && parsed.texts.contains("select auth provider"))
        #expect(!svg.contains("href") && !svg.contains("@import") && !svg.contains("<script"))
    }
}

/// What an XML parser makes of a picture.
private final class ParsedSVG: NSObject, XMLParserDelegate {
    private(set) var elements: [String] = []
    private(set) var texts: [String] = []
    private var text = ""

    /// Nil for what is not well-formed.
    init?(_ svg: String) {
        super.init()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = self
        guard parser.parse() else { return nil }
    }

    func parser(
        _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        elements.append(elementName)
        text = ""
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

    func parser(
        _ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?, qualifiedName: String?
    ) {
        if elementName == "text" { texts.append(text) }
    }
}
