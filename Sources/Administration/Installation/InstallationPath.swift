/// An absolute path to something with a name, in a directory with a path.
struct InstallationPath: Equatable {
    let text: String
    /// The directory that it lies in.
    let parent: String
    /// The last component.
    let name: String

    /// Nil for a relative path, `/` itself, and one with an empty component, `.`, `..` or a NUL.
    init?(_ text: String) {
        var text = text
        while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        guard text.hasPrefix("/"), !text.utf8.contains(0) else { return nil }
        let components = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let name = components.last, !components.contains(where: { ["", ".", ".."].contains($0) }) else {
            return nil
        }
        self.text = text
        self.name = name
        parent = "/" + components.dropLast().joined(separator: "/")
    }
}
