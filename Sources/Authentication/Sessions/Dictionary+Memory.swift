extension Dictionary {
    /// Gives back the room that it had needed when there was more in it, which a dictionary keeps by itself.
    package mutating func giveMemoryBack() {
        // To filter it by nothing is no copy.
        self = Dictionary(uniqueKeysWithValues: Array(self))
    }
}
