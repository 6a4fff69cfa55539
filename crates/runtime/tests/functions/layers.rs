//! Layers, as functions see them in each world.

use std::fs;

use runtime::IsolationLevel;

use super::world::{World, level};

#[tokio::test]
async fn modules_of_layers_are_found_in_every_world_the_last_layer_first() {
    for level in [IsolationLevel::Plain, level()] {
        let world = World::with(level);
        let layers: Vec<_> = ["first", "last"]
            .map(|name| {
                let layer = world.folder.path().join(name);
                for (folder, file, text) in [
                    ("nodejs/node_modules/said", "index.js", format!("module.exports = '{name}';")),
                    ("python", "said.py", format!("WORDS = '{name}'")),
                ] {
                    fs::create_dir_all(layer.join(folder)).unwrap();
                    fs::write(layer.join(folder).join(file), text).unwrap();
                }
                layer
            })
            .into();
        let mut node = world.nodejs("exports.handler = async () => require('said');");
        node.layers = layers.clone();
        assert_eq!(world.invoke(&node, "{}").await.json(), "last");
        let mut python = world
            .python("import os, said\n\ndef handler(e, c):\n    return [said.WORDS, os.getenv('GUREUM_LAYERS')]\n");
        python.layers = layers;
        assert_eq!(world.invoke(&python, "{}").await.json(), serde_json::json!(["last", null]));
    }
}
