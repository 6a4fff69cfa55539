function delay(time) {
  return new Promise(resolve => setTimeout(resolve, time));
}

const consumer = async (event) => {
  await delay(15000)
  for (const record of event.Records) {
    console.log("Message Body: ", record.body);
  }
};

module.exports = {
  consumer,
};
