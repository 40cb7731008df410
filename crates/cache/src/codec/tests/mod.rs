mod entries;
mod fuzz;
mod golden;
mod hostile;
mod values;
