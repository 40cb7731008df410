mod entries;
mod figures;
mod fuzz;
mod golden;
mod hostile;
mod values;
